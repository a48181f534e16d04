// Takes webhooks over HTTPS, and verifies them with the reference library of Standard Webhooks.
//   node receiver.mjs '{"key":"key.pem","certificate":"certificate.pem"}'
// Prints `{"port"}`, and `{"heard":{id,body,verified,answered}}` for each request. Does what lines on stdin say, each of which
// it answers with `{"done":true}`: `{"secret":"whsec_…"}`, `{"now_unix_ms":…}` (the test's clock, which signatures are
// dated by), `{"answer":200|500|"never"|"https://elsewhere"}`, `{"listens":true|false}`.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createInterface } from 'node:readline'
import { Webhook } from 'standardwebhooks'

const { key, certificate } = JSON.parse(process.argv[2])
const state = { answer: 200, secret: null }
const print = line => process.stdout.write(JSON.stringify(line) + '\n')

const verified = (body, headers) => {
  try {
    new Webhook(state.secret).verify(body, headers)
    return true
  } catch {
    return false
  }
}

const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString()
  const isGenuine = verified(body, request.headers)
  const answered = isGenuine ? state.answer : 400
  print({ heard: { id: request.headers['webhook-id'], body, verified: isGenuine, answered } })
  if (answered === 'never') return
  if (typeof answered === 'number') response.writeHead(answered)
  else response.writeHead(302, { location: answered })
  response.end()
})

const listen = async port => {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

const hushed = async () => {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

await listen(0)
const { port } = server.address()
print({ port })

const obey = async ({ now_unix_ms: now, listens, ...changed }) => {
  Object.assign(state, changed)
  if (now !== undefined) Date.now = () => now
  if (listens === false) await hushed()
  if (listens === true) await listen(port)
}

for await (const line of createInterface({ input: process.stdin })) {
  await obey(JSON.parse(line))
  print({ done: true })
}
process.exit(0)
