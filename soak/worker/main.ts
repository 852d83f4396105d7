/** One process under load. Started by `worker-process.ts` with an `Assignment`; takes `Order`s, answers `Message`s. */
import { HistoryWriter } from '../history/history-files.js'
import type { Assignment, Message, Order } from './assignment.js'
import { LibrarySubject } from './library-subject.js'
import { WorkerLoad } from './load.js'
import { RawSubject } from './raw-subject.js'
import { RssWatch } from './rss-watch.js'
import type { Subject } from './subject.js'

/** How long an audit may try, in milliseconds. */
const AUDIT_MS = 20_000

const [, , argument = ''] = process.argv
const assignment = JSON.parse(argument) as Assignment
const strays: string[] = []
process.on('unhandledRejection', (reason) => strays.push(String(reason)))
process.on('disconnect', () => process.exit())

const subject = await open(assignment)
const history = new HistoryWriter(assignment.folder, assignment.process)
const load = new WorkerLoad(subject, history, assignment.process, assignment.seed)
const rss = new RssWatch()
const callersDone = load.run(assignment.callers)
process.on('message', (order: Order) => void obey(order))
tell({ message: 'ready' })

async function open({ subject: { ...what } }: Assignment): Promise<Subject> {
  return what.kind === 'library' ? LibrarySubject.open(what.config) : new RawSubject(what)
}

async function obey(order: Order): Promise<void> {
  switch (order.order) {
    case 'epoch':
      load.epoch = order
      return
    case 'audit':
      await load.audit(order, AUDIT_MS)
      tell({ message: 'audited' })
      return
    case 'stop':
      load.stop()
      await callersDone
      await history.close()
      await subject.close()
      tell({ message: 'ended', rss: rss.measure(), strays })
      process.disconnect()
  }
}

function tell(message: Message): void {
  process.send?.(message)
}
