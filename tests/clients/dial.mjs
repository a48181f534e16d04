import WebSocket from 'ws'

const SYNC_STEP_1 = { hex: '00000100' }

/**
 * Opens one bare WebSocket and tells what became of it, as a page's `onclose` would read it:
 * `{ opened, protocol, code, reason }`, or `{ status, headers, body }` where the server answered plain HTTP.
 * `send` lists what goes out once it is open: `{ text }`, `{ hex }` or `{ zeros: bytes }`.
 * With `until: 'admitted'` it asks for the document, and closes itself as soon as the server answers.
 */
export const dial = ({ url, protocols = [], headers = {}, send = [], until = 'close' }) => new Promise((resolve, reject) => {
  const socket = new WebSocket(url, protocols, { headers })
  const admission = until === 'admitted'
  const outcome = { opened: false, protocol: null, frames: 0 }
  socket.on('open', () => {
    outcome.opened = true
    outcome.protocol = socket.protocol
    for (const message of admission ? [SYNC_STEP_1] : send) socket.send(payload(message))
  })
  socket.on('message', () => {
    outcome.frames += 1
    if (admission) socket.close()
  })
  socket.on('unexpected-response', (_request, response) => {
    const chunks = []
    response.on('data', chunk => chunks.push(chunk))
    response.on('end', () => resolve({
      status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString()
    }))
  })
  socket.on('close', (code, reason) => resolve({ ...outcome, code, reason: reason.toString() }))
  socket.on('error', error => {
    if (!outcome.opened && socket.readyState !== WebSocket.CLOSING) reject(error)
  })
})

const payload = ({ text, hex, zeros }) => {
  if (text !== undefined) return text
  return zeros === undefined ? Buffer.from(hex, 'hex') : Buffer.alloc(zeros)
}
