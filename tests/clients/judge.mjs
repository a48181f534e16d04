// Holds bodies against the schemas of an OpenAPI 3.1 document, which are JSON Schema 2020-12.
//   node judge.mjs openapi.json
// For each line on stdin, `{"schema":"/paths/…/schema","body":…}`, it prints `{"fault":null}` or what is wrong.
import Ajv from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const DOCUMENT = 'https://document/'
// Members of OpenAPI are no keywords of JSON Schema, and formats are annotations there.
const ajv = new Ajv({ strict: false, validateFormats: false })
ajv.addSchema({ ...JSON.parse(readFileSync(process.argv[2])), $id: DOCUMENT })

const compiled = new Map()
const validator = schema => {
  if (!compiled.has(schema)) compiled.set(schema, ajv.compile({ $ref: `${DOCUMENT}#${encodeURI(schema)}` }))
  return compiled.get(schema)
}

for await (const line of createInterface({ input: process.stdin })) {
  const { schema, body } = JSON.parse(line)
  const validate = validator(schema)
  const fault = validate(body) ? null : ajv.errorsText(validate.errors, { dataVar: 'body' })
  process.stdout.write(JSON.stringify({ fault }) + '\n')
}
