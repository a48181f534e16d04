// Prints `[{"alg","private","public"}]`: one new JWK of each kind that may sign tokens.
import { generateKeyPairSync, randomBytes } from 'node:crypto'

const pairs = {
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' })
}
const keys = Object.entries(pairs).map(([alg, { privateKey, publicKey }]) => ({
  alg,
  private: { ...privateKey.export({ format: 'jwk' }), kid: `my ${alg}` },
  public: { ...publicKey.export({ format: 'jwk' }), kid: `my ${alg}`, alg, use: 'sig' }
}))
const secret = { kty: 'oct', k: randomBytes(32).toString('base64url'), kid: 'my HS256' }
keys.push({ alg: 'HS256', private: secret, public: { ...secret, alg: 'HS256' } })
process.stdout.write(JSON.stringify(keys))
