// The stock clients by name. Each flavour brings the Yjs it was made for.
import * as Yjs13 from 'yjs'
import * as Yjs14 from '@y/y'
import { WebsocketProvider as Provider2 } from 'y-websocket-2'
import { WebsocketProvider as Provider3 } from 'y-websocket-3'
import { WebsocketProvider as Provider4 } from '@y/websocket'

export const flavours = {
  'y-websocket 2': { Y: Yjs13, Provider: Provider2 },
  'y-websocket 3': { Y: Yjs13, Provider: Provider3 },
  '@y/websocket 4': { Y: Yjs14, Provider: Provider4 }
}

/** The shared text that every scenario edits. Yjs 14 has one type for all shapes, Yjs 13 asks for a text. */
export const sharedText = doc => doc.getText ? doc.getText('text') : doc.get('text')
