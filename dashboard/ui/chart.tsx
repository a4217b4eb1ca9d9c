/** A chart with a line that reads the values under the pointer, or under the arrow keys. */
import type {JSX, TargetedKeyboardEvent} from 'preact'
import {useEffect, useRef, useState} from 'preact/hooks'
import uPlot from 'uplot'
import {describeSeries, formatPosition} from '../model/axis.ts'
import {splitRunning} from '../model/buckets.ts'
import {formatTime, NONE} from '../model/format.ts'
import {printValue, type Unit} from '../model/scale.ts'
import {chartOptions, toneColour, type XKind} from './chart-options.ts'
import {useTheme} from './theme.ts'

export interface ChartSeries {
  readonly label: string
  readonly values: readonly (number | null)[]
  /** Which colour of the palette; lines of one chart also differ by their dashes. */
  readonly tone: 1 | 2 | 3 | 4 | 5
  readonly dashed?: boolean
  readonly area?: boolean
}

export interface ChartProps {
  readonly label: string
  /** Seconds since 1970, or a share between 0 and 1. */
  readonly x: readonly number[]
  readonly xKind?: XKind
  /** How many seconds all of a ratio is. */
  readonly total?: number | undefined
  /** A moment or bucket in words; the time of day when left out. */
  readonly printX?: (x: number) => string
  readonly series: readonly ChartSeries[]
  readonly height?: number
  readonly unit: Unit
  /** No axis of values, but the largest one: for the small charts under a figure. */
  readonly small?: boolean
  /** How long it goes back, beside a small chart. */
  readonly span?: string
  /** A point is a day or longer. */
  readonly wholeDays?: boolean
  /** The last bucket still grows. */
  readonly running?: boolean
}

const printTime = (x: number): string => formatTime(new Date(x * 1000).toISOString())
const printRatio = (x: number, total: number | undefined): string => {
  const percent = `at ${Math.round(x * 100)}%`
  return total === undefined ? percent : `${percent}, ${formatPosition(x * total)}`
}

function toData({x, series, running = false}: ChartProps): uPlot.AlignedData {
  const lines = series.flatMap(({values}) => (running ? splitRunning(values) : [values]))
  return [x, ...lines] as uPlot.AlignedData
}

function highestOf(series: readonly ChartSeries[]): number | undefined {
  const known = series.flatMap(({values}) => values.filter(value => value !== null))
  return known.length === 0 ? undefined : known.reduce((a, b) => Math.max(a, b))
}

export function Chart(props: ChartProps): JSX.Element {
  const {label, x, series, height = 200, unit, xKind = 'time', small = false, total} = props
  const {running = false, wholeDays = false} = props
  const print = printValue[unit]
  const theme = useTheme()
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const latest = useRef(props)
  latest.current = props
  const [index, setIndex] = useState<number | undefined>(undefined)
  const shape = series
    .map(one => `${one.label}|${one.tone}|${one.dashed === true}|${one.area === true}`)
    .join('/')
  useEffect(() => {
    const element = host.current
    if (element === null) return undefined
    const width = (): number => Math.max(element.clientWidth, 80)
    const made = new uPlot(
      chartOptions({
        width: width(),
        height,
        small,
        xKind,
        total,
        unit,
        running,
        wholeDays,
        series: latest.current.series,
        onIndex: setIndex,
      }),
      toData(latest.current),
      element,
    )
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({width: width(), height}))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [theme, shape, height, small, xKind, total, unit, running, wholeDays])

  useEffect(() => {
    plot.current?.setData(toData(latest.current))
  }, [x, ...series.map(one => one.values)])

  const move = (event: TargetedKeyboardEvent<HTMLElement>): void => {
    const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0
    const chart = plot.current
    if (step === 0 || chart === undefined || x.length === 0) return
    event.preventDefault()
    const next = Math.min(Math.max((index ?? x.length) + step, 0), x.length - 1)
    chart.setCursor({left: chart.valToPos(x[next]!, 'x'), top: 10})
  }
  const at = index === undefined || index >= x.length ? undefined : index
  const printAt = (i: number): string => {
    const text =
      props.printX?.(x[i]!) ?? (xKind === 'time' ? printTime(x[i]!) : printRatio(x[i]!, total))
    return running && i === x.length - 1 ? `${text}, so far` : text
  }
  const summary = series.map(one => describeSeries(one.label, one.values, print)).join('. ')

  const highest = small ? highestOf(series) : undefined
  return (
    <div
      class={`chart${small ? ' small-chart' : ''}`}
      role="group"
      aria-label={`${label}. ${summary}`}
      tabIndex={0}
      onKeyDown={move}
    >
      {small ? null : (
        <div class="chart-read" aria-live="off">
          {at === undefined ? null : <b>{printAt(at)}</b>}
          {series.length === 1 && at === undefined
            ? null
            : series.map(one => (
                <Key
                  key={one.label}
                  series={one}
                  value={at === undefined ? undefined : one.values[at]}
                  print={print}
                />
              ))}
        </div>
      )}
      {small ? (
        <p class="small-scale" aria-hidden="true">
          <span>max {highest === undefined ? NONE : print(highest)}</span>
          <span>{props.span}</span>
        </p>
      ) : null}
      <div ref={host} aria-hidden="true" />
      {small && at !== undefined ? (
        <div class="chart-read small-read">
          {printAt(at)}
          {series.map(one => (
            <span key={one.label}>
              {series.length > 1 ? `${one.label} ` : ''}
              <b>{printOr(one.values[at], print)}</b>
            </span>
          ))}
        </div>
      ) : null}
    </div>
  )
}

const printOr = (value: number | null | undefined, print: (value: number) => string): string =>
  value === null || value === undefined ? NONE : print(value)

function Key({
  series,
  value,
  print,
}: {
  readonly series: ChartSeries
  readonly value: number | null | undefined
  readonly print: (value: number) => string
}): JSX.Element {
  return (
    <span class="key">
      <svg viewBox="0 0 14 8" aria-hidden="true">
        <line
          x1="0"
          x2="14"
          y1="4"
          y2="4"
          stroke={toneColour(series.tone)}
          stroke-width="2.5"
          {...(series.dashed === true ? {'stroke-dasharray': '4 3'} : {})}
        />
      </svg>
      <bdi title={series.label}>{series.label}</bdi>
      {value === undefined ? null : <b>{printOr(value, print)}</b>}
    </span>
  )
}
