import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/**
 * Reads a recorded session, plain or gzipped. Every transaction gets `agent`, `patches` and `needs`: how many
 * transactions of each agent its text was made from, itself not counted.
 */
export const readRecording = path => {
  const bytes = readFileSync(path)
  const recording = JSON.parse(path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
  const txns = recording.kind === 'concurrent' ? withNeeds(recording) : oneAfterTheOther(recording)
  return { start: recording.startContent ?? '', end: recording.endContent, txns, agents: recording.numAgents ?? 1 }
}

const oneAfterTheOther = ({ txns }) => txns.map(({ patches }, made) => ({ agent: 0, patches, needs: [made] }))

/** An agent's own earlier transactions are always among the parents of its next one. */
const withNeeds = ({ txns, numAgents }) => {
  const seen = []
  return txns.map(({ parents, agent, patches }, index) => {
    const needs = new Array(numAgents).fill(0)
    for (const parent of parents) seen[parent].forEach((count, a) => { needs[a] = Math.max(needs[a], count) })
    seen[index] = needs.map((count, a) => a === agent ? count + 1 : count)
    return { agent, patches, needs }
  })
}

/** Recorded positions count code points, Yjs counts UTF-16 units; most texts need no conversion. */
export const applyPatches = (text, patches) => {
  for (const [position, deleted, inserted] of patches) {
    const at = units(text, 0, position)
    if (deleted > 0) text.delete(at, units(text, at, deleted))
    if (inserted !== '') text.insert(at, inserted)
  }
}

/** UTF-16 units of the `points` code points from unit `from` on. */
const units = (text, from, points) => {
  if (!text.hasAstral) return points
  const string = text.toString()
  let at = from
  for (let i = 0; i < points; i += 1) at += string.codePointAt(at) > 0xffff ? 2 : 1
  return at - from
}
