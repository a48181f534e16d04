// What runs in the browser: the stock provider, and what a page is told when it is refused.
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket-3'

/** Opens `room`, types `greeting`, and resolves with the text once it holds `answer`. */
window.talk = ({ url, room, params, greeting, answer }) => new Promise(resolve => {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  const provider = new WebsocketProvider(url, room, doc, { params })
  const look = () => { if (text.toString().includes(answer)) resolve(text.toString()) }
  doc.on('update', look)
  provider.on('sync', () => {
    text.insert(text.length, greeting)
    look()
  })
})

/** Resolves with code and reason of the close that `url` ends with. */
window.closeOf = url => new Promise(resolve => {
  new WebSocket(url).onclose = ({ code, reason }) => resolve({ code, reason })
})
