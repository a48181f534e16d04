// One writer of a recorded session, as a process of its own with a stock client.
//   node replay.mjs '{"recording","agent","flavour","url","room","params"}'
// It makes each of its transactions when the transactions it was made from have arrived, and on exactly that
// text: what arrives early is held back from the writer's own document until a transaction needs it.
// Prints `{"ready"}` when it is connected, starts at the first line on stdin (writers must all be connected by
// then, so that each transaction comes as a frame of its own), prints `{"made","text","wire","sent"}` when
// everything of everyone is there, and stays connected until stdin ends.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import * as Y from 'yjs'
import { StockClient } from './stock_client.mjs'
import { applyPatches, readRecording } from './recording.mjs'
import { event, until } from './until.mjs'

const { recording, agent, ...connection } = JSON.parse(process.argv[2])
const { start, txns, agents } = readRecording(recording)
if (agents > 2) throw new Error('only sessions of one or two writers can be told apart on the wire')
const other = 1 - agent
const totals = [0, 1].map(a => txns.filter(txn => txn.agent === a).length)

const client = new StockClient({ flavour: 'y-websocket 3', ...connection })
const held = [] // the other writer's updates, in its order, one a transaction
let handed = 0

// The writer's own document. Yjs orders inserts at one place by client id; the recordings order them by agent.
const doc = new Y.Doc()
doc.clientID = agent + 1
const text = doc.getText('text')
const allInserts = txns.flatMap(({ patches }) => patches.map(([, , inserted]) => inserted)).join('') + start
text.hasAstral = /[\ud800-\udfff]/.test(allInserts)

const FROM_WIRE = Symbol('from wire')
client.doc.on('update', (update, origin) => { if (origin === client.provider) held.push(update) })
doc.on('update', (update, origin) => { if (origin !== FROM_WIRE) Y.applyUpdate(client.doc, update, 'writer') })

const print = line => process.stdout.write(JSON.stringify(line) + '\n')
const stdin = createInterface({ input: process.stdin })
stdin.on('close', () => process.exit(0))

await client.synced()
print({ ready: true })
await once(stdin, 'line')

const arrived = count => until(() => held.length >= count, event(client.doc, 'update'))
const handOver = async count => {
  await arrived(count)
  for (; handed < count; handed += 1) Y.applyUpdate(doc, held[handed], FROM_WIRE)
}

if (start !== '') text.insert(0, start)
let made = 0
for (const txn of txns) {
  if (txn.agent !== agent) continue
  await handOver(txn.needs[other] ?? 0)
  doc.transact(() => applyPatches(text, txn.patches))
  made += 1
  if (made % 64 === 0) await drained(client.provider.ws)
}
await handOver(totals[other])
print({ made, text: text.toString(), wire: client.read(), sent: client.has_sent() })

/** Lets the socket's queue go out and what has come in be read. */
async function drained (socket) {
  do await new Promise(resolve => setImmediate(resolve))
  while (socket && socket.bufferedAmount > 1 << 20)
}
