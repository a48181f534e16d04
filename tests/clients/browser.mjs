// A page in a real browser. Commands on stdin, answers on stdout, one JSON a line:
//   {"do":"talk","with":{"url","room","params","greeting","answer"}}   → "the text"
//   {"do":"closeOf","with":"ws://…"}                                   → {"code","reason"}
//   node browser.mjs '{"executable":"/usr/bin/chromium"}'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'

const { executable } = JSON.parse(process.argv[2])
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'
]

const bundled = await build({
  entryPoints: [fileURLToPath(new URL('page.js', import.meta.url))],
  bundle: true,
  format: 'iife',
  write: false
})
const script = bundled.outputFiles[0].text
const server = createServer((request, response) => {
  const isScript = request.url === '/page.js'
  response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
  response.end(isScript ? script : '<!doctype html><script src="/page.js"></script>')
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const origin = `http://127.0.0.1:${server.address().port}`

const browser = await chromium.launch({ executablePath: executable, args: FLAGS })
const page = await browser.newPage()
await page.goto(origin)
const print = line => process.stdout.write(JSON.stringify(line) + '\n')
print({ origin })

const lines = createInterface({ input: process.stdin })
lines.on('line', async line => {
  const { do: name, with: details } = JSON.parse(line)
  print(await page.evaluate(([name, details]) => window[name](details), [name, details]))
})
lines.on('close', () => browser.close().then(() => process.exit(0)))
