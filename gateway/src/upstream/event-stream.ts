/**
 * The data of each complete event in a `text/event-stream`, fed chunk by chunk (WHATWG HTML, 9.2.6).
 * Works on text, so the caller decodes; other fields than `data` are of no interest here.
 */
export class EventStreamReader {
  #rest = ''
  #data: string[] = []

  /** The data of the events that this piece completes. */
  push(text: string): readonly string[] {
    if (!/[\r\n]/.test(text) && !this.#rest.endsWith('\r')) {
      this.#rest += text // a line longer than a chunk is not scanned again with every chunk
      return []
    }
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.#line(line))
  }

  /** Whether an event has begun that no empty line has ended: the stream was cut. */
  get unfinished(): boolean {
    return this.#data.length > 0 || this.#rest.trim() !== ''
  }

  #line(line: string): readonly string[] {
    if (line === '') {
      const data = this.#data.join('\n')
      this.#data = []
      return data === '' ? [] : [data]
    }
    if (line === 'data') this.#data.push('')
    else if (line.startsWith('data:')) this.#data.push(line.slice(line.startsWith('data: ') ? 6 : 5))
    return []
  }
}
