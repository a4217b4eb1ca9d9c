/** How our charts look: thin lines, few marks, colours of the scheme. */
import type uPlot from 'uplot'
import {fittingLabels, timeLabels} from '../model/axis.ts'
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
  readonly series: readonly ChartSeries[]
  readonly print: (value: number) => string
  readonly onIndex: (index: number | undefined) => void
}

const FONT = '11px "Inter Pages", system-ui, sans-serif'

function axes({xKind, small, print}: ChartLook): uPlot.Axis[] {
  const common = {stroke: style('--muted'), font: FONT, ticks: {show: false}}
  const x: uPlot.Axis = {
    ...common,
    grid: {show: false},
    space: small ? 70 : 80,
    size: small ? 22 : 28,
    values: (chart, marks, _axis, _space, distance) => {
      if (xKind !== 'time') return marks.map(mark => `${Math.round(mark * 100)}%`)
      const labels = timeLabels(marks, distance)
      const {min = 0, max = 1} = chart.scales['x'] ?? {}
      // The large charts have room beside the plot, the small ones end where it ends.
      if (!small || min === null || max === null || max <= min) return [...labels]
      return [...fittingLabels(labels, marks, {low: min, high: max, width: chart.width})]
    },
  }
  const y: uPlot.Axis = {
    ...common,
    show: !small,
    grid: {stroke: style('--line'), width: 1},
    space: 40,
    size: (_chart, labels) =>
      labels === null ? 40 : Math.max(...labels.map(label => label.length)) * 6.6 + 14,
    values: (_chart, marks) => marks.map(mark => print(mark)),
  }
  return [x, y]
}

function lines({series, small}: ChartLook): uPlot.Series[] {
  return series.map(one => {
    const colour = toneColour(one.tone)
    return {
      label: one.label,
      stroke: colour,
      width: small ? 1.5 : 1.75,
      ...(one.dashed === true ? {dash: [5, 4]} : {}),
      ...(one.area === true ? {fill: `${colour}1f`} : {}),
      // A value between two gaps would be invisible without its point.
      points: {show: chart => chart.data[0].length < 3, size: 5},
    }
  })
}

export function chartOptions(look: ChartLook): uPlot.Options {
  const {width, height, small, xKind, onIndex} = look
  return {
    width,
    height,
    legend: {show: false},
    padding: [8, small ? 0 : 26, 0, small ? 0 : null],
    cursor: {y: false, drag: {setScale: false, x: false, y: false}, points: {size: 7}},
    scales: {
      x: {time: xKind === 'time'},
      y: {
        // Figures here are counts, shares and times: the axis starts at nothing.
        range: (_chart, _low, high) => [0, (Number.isFinite(high) && high > 0 ? high : 1) * 1.08],
      },
    },
    series: [{}, ...lines(look)],
    axes: axes(look),
    hooks: {setCursor: [chart => onIndex(chart.cursor.idx ?? undefined)]},
  }
}
