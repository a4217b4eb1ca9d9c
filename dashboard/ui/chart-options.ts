/** How our charts look: thin lines, few marks, colours of the scheme. */
import type uPlot from 'uplot'
import {fittingLabels, formatPosition, timeLabels} from '../model/axis.ts'
import {printMark, scaleBetween, type Scale, type Unit} from '../model/scale.ts'
import type {ChartSeries} from './chart.tsx'

export type XKind = 'time' | 'ratio'

const style = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim()

export const toneColour = (tone: ChartSeries['tone']): string => style(`--series-${tone}`)

export interface ChartLook {
  readonly width: number
  readonly height: number
  readonly small: boolean
  readonly xKind: XKind
  /** How many seconds all of a ratio is. */
  readonly total: number | undefined
  readonly unit: Unit
  /** A point is a day or longer. */
  readonly wholeDays: boolean
  readonly series: readonly ChartSeries[]
  /** Each line is followed by its piece into the running bucket. */
  readonly running: boolean
  readonly onIndex: (index: number | undefined) => void
}

const FONT = '11px "Inter Pages", system-ui, sans-serif'
const X_AXIS = {large: 28, small: 22} as const
const MARK_PX = 44
const QUARTERS = [0, 0.25, 0.5, 0.75, 1]
const marksMax = (height: number): number =>
  Math.max(2, Math.floor((height - X_AXIS.large) / MARK_PX))

/** The scale of values for what is drawn now; the axis asks for its marks after it was ranged. */
interface Values {
  range(lowest: number | null, highest: number | null): [low: number, high: number]
  readonly scale: Scale
}

function createValues({unit, small, height}: ChartLook): Values {
  const fit = (lowest: number | null, highest: number | null): Scale =>
    scaleBetween(unit, {lowest, highest}, marksMax(height))
  let scale = fit(null, null)
  return {
    range(lowest, highest) {
      scale = fit(lowest, highest)
      // A small chart ends at its largest value, which is written beside it.
      if (small) return [Math.min(lowest ?? 0, 0), highest !== null && highest > 0 ? highest : 1]
      return [scale.marks[0]!, scale.top]
    },
    get scale() {
      return scale
    },
  }
}

function xAxis({xKind, small, total, wholeDays}: ChartLook): uPlot.Axis {
  const common = {stroke: style('--muted'), font: FONT, ticks: {show: false}, grid: {show: false}}
  if (xKind === 'ratio') {
    return {
      ...common,
      size: total === undefined ? X_AXIS.large : X_AXIS.large + 14,
      splits: () => QUARTERS,
      values: (_chart, marks) =>
        marks.map(mark => {
          const percent = `${mark * 100}%`
          return total === undefined ? percent : `${formatPosition(mark * total)}\n${percent}`
        }),
    }
  }
  return {
    ...common,
    space: small ? 70 : 80,
    size: small ? X_AXIS.small : X_AXIS.large,
    values: (chart, marks, _axis, _space, distance) => {
      const labels = timeLabels(marks, distance, {wholeDays})
      const {min = 0, max = 1} = chart.scales['x'] ?? {}
      // The large charts have room beside the plot, the small ones end where it ends.
      if (!small || min === null || max === null || max <= min) return [...labels]
      return [...fittingLabels(labels, marks, {low: min, high: max, width: chart.width})]
    },
  }
}

function yAxis({small, unit}: ChartLook, values: Values): uPlot.Axis {
  return {
    stroke: style('--muted'),
    font: FONT,
    ticks: {show: false},
    show: !small,
    grid: {stroke: style('--line'), width: 1},
    size: (_chart, labels) =>
      labels === null ? 40 : Math.max(...labels.map(label => label.length)) * 6.6 + 14,
    splits: () => [...values.scale.marks],
    values: (_chart, marks) => marks.map(mark => printMark(unit, mark, values.scale.step)),
  }
}

const DASHED = [5, 4]
const RUNNING = [2, 3]

function lines({series, small, running}: ChartLook): uPlot.Series[] {
  return series.flatMap(one => {
    const colour = toneColour(one.tone)
    const line: uPlot.Series = {
      label: one.label,
      stroke: colour,
      width: small ? 1.5 : 1.75,
      ...(one.dashed === true ? {dash: DASHED} : {}),
      // A value between two gaps would be invisible without its point.
      points: {show: chart => chart.data[0].length < 3, size: 5},
    }
    const filled = {...line, ...(one.area === true ? {fill: `${colour}1f`} : {})}
    return running ? [filled, {...line, dash: RUNNING}] : [filled]
  })
}

export function chartOptions(look: ChartLook): uPlot.Options {
  const {width, height, small, xKind, onIndex} = look
  const values = createValues(look)
  return {
    width,
    height,
    legend: {show: false},
    padding: [8, small ? 0 : 26, 0, small ? 0 : null],
    cursor: {y: false, drag: {setScale: false, x: false, y: false}, points: {size: 7}},
    scales: {
      x: {time: xKind === 'time', ...(xKind === 'ratio' ? {range: [0, 1]} : {})},
      // The axis starts at nothing, or below it where figures do, such as refunds.
      y: {range: (_chart, low, high) => values.range(low, high)},
    },
    series: [{}, ...lines(look)],
    axes: [xAxis(look), yAxis(look, values)],
    hooks: {setCursor: [chart => onIndex(chart.cursor.idx ?? undefined)]},
  }
}
