import { CountingSocket } from './counting_socket.mjs'
import { flavours, sharedText } from './flavours.mjs'
import { applyPatches, readRecording } from './recording.mjs'
import { until, event } from './until.mjs'

/** One stock provider with its document, and a record of what it reported. */
export class StockClient {
  constructor ({ flavour, url, room, params = {}, protocols = [], connect = true, state = null }) {
    const { Y, Provider } = flavours[flavour]
    this.Y = Y
    this.doc = new Y.Doc()
    this.text = sharedText(this.doc)
    this.closes = []
    this.sent = {}
    this.connects = 0
    this.provider = new Provider(url, room, this.doc, {
      connect: false, params, protocols, WebSocketPolyfill: CountingSocket.into(this.sent), disableBc: true
    })
    this.provider.on('connection-close', close => this.closes.push(close && described(close)))
    this.provider.on('status', ({ status }) => { if (status === 'connected') this.connects += 1 })
    if (state) this.awareness.setLocalState(state)
    if (connect) this.provider.connect()
  }

  get awareness () { return this.provider.awareness }

  synced () {
    return until(() => this.provider.synced, event(this.provider, 'sync'))
  }

  disconnected () {
    return until(() => !this.provider.wsconnected, event(this.provider, 'status'))
  }

  connects_reach ({ count }) {
    return until(() => this.connects >= count && this.provider.synced, event(this.provider, 'sync'))
  }

  next_close () {
    return until(() => this.closes.shift(), event(this.provider, 'connection-close'))
  }

  connect () { this.provider.connect() }

  disconnect () { this.provider.disconnect() }

  /** Connects to another server from its next try on. */
  moves_to ({ url }) { this.provider.serverUrl = url }

  /** Handshakes and ops that servers have had of it: `{ "HOST:PORT": { handshakes, ops } }`. */
  has_sent () { return this.sent }

  /** Breaks the connection as a lost network does: without a close frame, or any word before it. */
  cut () { this.provider.ws.terminate() }

  /** As `cut`, and does not come back. */
  vanish () {
    this.provider.shouldConnect = false
    this.cut()
  }

  destroy () {
    this.provider.destroy()
    this.doc.destroy()
  }

  insert ({ at, text }) {
    this.text.insert(Math.min(at, this.text.length), text)
  }

  delete ({ at, count }) { this.text.delete(at, count) }

  /**
   * Makes the next `count` transactions of a recorded session of one writer, in a text that nobody else edits.
   * Returns how many are left.
   */
  replay ({ recording, count }) {
    if (!this.replayed) {
      this.replayed = { ...readRecording(recording), made: 0 }
      this.text.hasAstral = true
      if (this.replayed.start !== '') this.text.insert(0, this.replayed.start)
    }
    const { txns, made } = this.replayed
    for (const { patches } of txns.slice(made, made + count)) {
      this.doc.transact(() => applyPatches(this.text, patches))
    }
    this.replayed.made = Math.min(made + count, txns.length)
    return txns.length - this.replayed.made
  }

  read () { return this.text.toString() }

  /** The whole document as an update, in base64. */
  state () { return Buffer.from(this.Y.encodeStateAsUpdate(this.doc)).toString('base64') }

  /** Whether the document has everything that another's `state` has. */
  has ({ state }) {
    const { Y } = this
    const merged = new Y.Doc()
    Y.applyUpdate(merged, Y.encodeStateAsUpdate(this.doc))
    const before = Buffer.from(Y.encodeStateAsUpdate(merged))
    Y.applyUpdate(merged, Buffer.from(state, 'base64'))
    return before.equals(Buffer.from(Y.encodeStateAsUpdate(merged)))
  }

  async text_is ({ text }) {
    await until(() => this.read() === text, event(this.doc, 'update'))
    return true
  }

  /** Resolves when the text holds every one of `parts`, in any order. */
  async text_has ({ parts }) {
    await until(() => parts.every(part => this.read().includes(part)), event(this.doc, 'update'))
    return this.read()
  }

  set_state ({ state }) { this.awareness.setLocalState(state) }

  client_id () { return this.awareness.clientID }

  /** Resolves when the state of the client with awareness id `client` is `state`; `null` means gone. */
  async sees_state ({ client, state }) {
    const wanted = JSON.stringify(state)
    const seen = () => JSON.stringify(this.awareness.getStates().get(client) ?? null) === wanted
    await until(seen, event(this.awareness, 'change'))
    return true
  }

  report () {
    const { synced, wsconnected } = this.provider
    return { synced, connected: wsconnected, connects: this.connects, closes: this.closes.length }
  }
}

const described = ({ code, reason }) => ({ code, reason: String(reason) })
