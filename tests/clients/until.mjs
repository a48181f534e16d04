/**
 * Resolves with the first truthy value of `holds`, looked at now and after every event that `subscribe`
 * reports. `subscribe` takes a listener and returns what unsubscribes it. The deadline is the caller's.
 */
export const until = (holds, subscribe) => new Promise(resolve => {
  const now = holds()
  if (now) return resolve(now)
  const unsubscribe = subscribe(() => {
    const value = holds()
    if (!value) return
    unsubscribe()
    resolve(value)
  })
})

/** A subscription to one event of anything with `on` and `off`. */
export const event = (source, name) => listener => {
  source.on(name, listener)
  return () => source.off(name, listener)
}
