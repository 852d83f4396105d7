import { randomUUID } from 'node:crypto'

import { expectAnswered, expectFile, expectNoFile, expectRefused } from './expectation.js'
import { customersIn, type Stage } from './stage.js'
import type { Transcript } from './transcript.js'

const NOTES = 'Plan: look at the customers of the Enterprise segment.\n'

/** One gateway that keeps labels in memory: a leak that spans two tool calls is refused. */
export async function actOne(stage: Stage, transcript: Transcript): Promise<void> {
  transcript.act('Act 1: one gateway, labels in memory')
  await using node = await stage.gateway()
  await using agent = stage.agent(node, randomUUID())
  const notes = stage.path('notes.txt')
  const leak = stage.path('leak.txt')

  await transcript.step('the agent writes notes.txt', async () => {
    expectAnswered(await agent.call('files', 'write_file', { path: notes, content: NOTES }))
    return `allowed, ${await expectFile(notes, NOTES)}`
  })

  let customers = ''
  await transcript.step('it reads the customers', async () => {
    customers = expectAnswered(await agent.call('customers', 'get-customer-data', { segment: 'Enterprise' }))
    return `allowed, ${customersIn(customers).length} customers; the session now carries "customer-data"`
  })

  await transcript.step('it writes what it read to leak.txt', async () =>
    expectRefused(await agent.call('files', 'write_file', { path: leak, content: customers })),
  )
  await transcript.step('the file is not there', () => expectNoFile(leak))
}
