// Drives stock clients for a test: one JSON command a line on stdin, one JSON answer a line on stdout.
//   {"id":1,"client":"alice","do":"open","with":{"flavour":"y-websocket 3","url":"ws://…","room":"…"}}
//   {"id":2,"client":"alice","do":"text_is","with":{"text":"hello"}}
// Every answer is {"id","ok"} or {"id","error"}. Commands that wait answer when what they wait for is true.
import { createInterface } from 'node:readline'
import { dial } from './dial.mjs'
import { StockClient } from './stock_client.mjs'

const clients = new Map()

const run = async ({ client, do: verb, with: details = {} }) => {
  if (verb === 'dial') return dial(details)
  if (verb === 'open') {
    clients.set(client, new StockClient(details))
    return null
  }
  const opened = clients.get(client)
  if (!opened) throw new Error(`no client is called ${client}`)
  if (verb === 'destroy') clients.delete(client)
  return opened[verb](details)
}

const answer = message => process.stdout.write(JSON.stringify(message) + '\n')

createInterface({ input: process.stdin }).on('line', line => {
  const command = JSON.parse(line)
  run(command).then(
    ok => answer({ id: command.id, ok: ok ?? null }),
    error => answer({ id: command.id, error: String(error) })
  )
}).on('close', () => process.exit(0))
