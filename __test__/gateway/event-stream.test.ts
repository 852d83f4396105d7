import { describe, expect, test } from 'vitest'
import { EventStreamReader } from '../../gateway/src/upstream/event-stream.js'

const STREAM =
  ': comment\r\nevent: message\rid: 1\ndata: one\ndata:two\ndata\n\n\ndata:  three\r\n\r\nretry: 5\n\n'
const EVENTS = ['one\ntwo\n', ' three']

describe('an event stream', () => {
  test('gives the data of its events', () => {
    expect(new EventStreamReader().push(STREAM)).toEqual(EVENTS)
  })

  test.each([1, 2, 3, 7])('whatever the pieces it comes in: %i characters', (size) => {
    const reader = new EventStreamReader()
    const events: string[] = []
    for (let at = 0; at < STREAM.length; at += size) events.push(...reader.push(STREAM.slice(at, at + size)))
    expect(events).toEqual(EVENTS)
    expect(reader.unfinished).toBe(false)
  })

  test.each(['data: x', 'data: x\n', 'data: x\n\ndata: y\n', 'da'])(
    'cut within an event is unfinished: %j',
    (text) => {
      const reader = new EventStreamReader()
      reader.push(text)
      expect(reader.unfinished).toBe(true)
    },
  )
})
