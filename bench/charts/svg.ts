/** Width of every chart, in its own units; it scales with the page. */
export const WIDTH = 760

/**
 * The frame of a chart. Colours follow the reader's scheme, so that it can be read on a light and on a dark page; text
 * takes the reader's own sans-serif.
 */
export function svg(title: string, height: number, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">`,
    STYLE,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>`,
    text(16, 26, title, 'title'),
    ...body,
    '</svg>',
    '',
  ].join('\n')
}

export function text(x: number, y: number, content: string, kind: string = 'label'): string {
  return `<text x="${round(x)}" y="${round(y)}" class="${kind}">${escaped(content)}</text>`
}

export function line(x1: number, y1: number, x2: number, y2: number, kind: string = 'grid'): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${kind}"/>`
}

/** One decimal: enough for the eye, and the same on every machine. */
export function round(value: number): number {
  return Math.round(value * 10) / 10
}

/** A number as a label: 1.2 k, 350 k, 1 M, 0.35. */
export function shortNumber(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))} k`
  return String(Number(value.toPrecision(3)))
}

/** Classes of the series of a chart, in order. */
export const SERIES_CLASSES = ['s0', 's1', 's2', 's3', 's4', 's5'] as const

const STYLE = `<style>
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 14px }
  .end { text-anchor: end }
  .middle { text-anchor: middle }
  .page { fill: #ffffff }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .ours { fill: #0969da }
  .other { fill: #9198a1 }
  .bound { fill: #bf8700 }
  .line { fill: none; stroke-width: 2 }
  .s0 { stroke: #0969da } .s1 { stroke: #bc4c00 } .s2 { stroke: #1a7f37 }
  .s3 { stroke: #8250df } .s4 { stroke: #bf8700 } .s5 { stroke: #59636e }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .page { fill: #0d1117 }
    .grid { stroke: #3d444d }
    .ours { fill: #4493f8 }
    .other { fill: #656c76 }
    .bound { fill: #d29922 }
    .s0 { stroke: #4493f8 } .s1 { stroke: #db6d28 } .s2 { stroke: #3fb950 }
    .s3 { stroke: #ab7df8 } .s4 { stroke: #d29922 } .s5 { stroke: #9198a1 }
  }
</style>`

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
