/** A chart with a line that reads the values under the pointer, or under the arrow keys. */
import type {JSX, TargetedKeyboardEvent} from 'preact'
import {useEffect, useRef, useState} from 'preact/hooks'
import uPlot from 'uplot'
import {describeSeries} from '../model/axis.ts'
import {formatTime} from '../model/format.ts'
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
  readonly series: readonly ChartSeries[]
  readonly height?: number
  readonly print: (value: number) => string
  /** No axis of values: for the small charts under a figure. */
  readonly small?: boolean
}

const printX = (kind: XKind, x: number): string =>
  kind === 'time' ? formatTime(new Date(x * 1000).toISOString()) : `at ${Math.round(x * 100)}%`

export function Chart(props: ChartProps): JSX.Element {
  const {label, x, series, height = 200, print, xKind = 'time', small = false} = props
  const theme = useTheme()
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | undefined>(undefined)
  const latest = useRef(props)
  latest.current = props
  const [index, setIndex] = useState<number | undefined>(undefined)
  const shape = series
    .map(one => `${one.label}|${one.tone}|${one.dashed === true}|${one.area === true}`)
    .join('/')
  const data = [x, ...series.map(one => one.values)] as uPlot.AlignedData

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
        series: latest.current.series,
        print: value => latest.current.print(value),
        onIndex: setIndex,
      }),
      [latest.current.x, ...latest.current.series.map(one => one.values)] as uPlot.AlignedData,
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
  }, [theme, shape, height, small, xKind])

  useEffect(() => {
    plot.current?.setData(data)
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
  const summary = series.map(one => describeSeries(one.label, one.values, print)).join('. ')

  return (
    <figure
      class="chart"
      role="group"
      aria-label={`${label}. ${summary}`}
      tabIndex={0}
      onKeyDown={move}
    >
      {small ? null : (
        <figcaption class="chart-read" aria-live="off">
          {at === undefined ? null : <b>{printX(xKind, x[at]!)}</b>}
          {series.map(one => (
            <Key
              key={one.label}
              series={one}
              value={at === undefined ? undefined : one.values[at]}
              print={print}
            />
          ))}
        </figcaption>
      )}
      <div ref={host} aria-hidden="true" />
      {small && at !== undefined ? (
        <figcaption class="chart-read small-read">
          {printX(xKind, x[at]!)}
          {series.map(one => (
            <b key={one.label}>{one.values[at] === null ? '–' : print(one.values[at]!)}</b>
          ))}
        </figcaption>
      ) : null}
    </figure>
  )
}

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
      {value === undefined ? null : <b>{value === null ? '–' : print(value)}</b>}
    </span>
  )
}
