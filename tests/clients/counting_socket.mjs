import * as decoding from 'lib0/decoding'
import WebSocket from 'ws'

const SYNC = 0
const STEP_2 = 1
const UPDATE = 2

/** A WebSocket that counts what its server gets of it: handshakes, and ops (updates, and steps 2 that bring anything new). */
export class CountingSocket extends WebSocket {
  /** Sockets that count into `sent`, by `HOST:PORT`. */
  static into (sent) {
    return class extends CountingSocket {
      constructor (url, ...rest) {
        super(url, ...rest)
        this.counts = sent[new URL(url).host] ??= { handshakes: 0, ops: 0 }
        this.on('open', () => { this.counts.handshakes += 1 })
      }
    }
  }

  send (message, ...rest) {
    if (isOp(message)) this.counts.ops += 1
    super.send(message, ...rest)
  }
}

/** A step 2 lists every deletion there ever was; new is what it inserts, so whoever counts inserts something. */
const isOp = message => {
  const frame = decoding.createDecoder(new Uint8Array(message))
  if (decoding.readVarUint(frame) !== SYNC) return false
  const kind = decoding.readVarUint(frame)
  if (kind === UPDATE) return true
  if (kind !== STEP_2) return false
  const clients = decoding.readVarUint(decoding.createDecoder(decoding.readVarUint8Array(frame)))
  return clients > 0
}
