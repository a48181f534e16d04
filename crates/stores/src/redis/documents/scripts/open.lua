-- Claims the document for the generation that asks. ARGV: 4 bytes of the largest state that is returned. Returns where
-- the log ends, the state or how many bytes it has, and the entries.

local document = read()
local refused = stale(document)
if refused then
  return refused
elseif not document.generation or document.is_dropped then
  if redis.call('EXISTS', state, log) > 0 then
    redis.call('UNLINK', state, log)
    return LOST
  end
  redis.call('HSET', head, 'g', asked, 'r', 1)
  redis.call('HDEL', head, 'd')
  renew(lifetime_of(document))
elseif is_whole(document) then
  renew(lifetime_of(document))
  redis.call('HSET', head, 'g', asked, 'r', 1)
else
  keep_what_is_left(document)
  return LOST
end

local entries = redis.call('XRANGE', log, '-', '+')
for at, entry in ipairs(entries) do
  entries[at] = entry[2][2]
end
local is_large = document.bytes > tonumber(ARGV[4])
return { 'done', document.last, is_large and document.bytes or redis.call('GET', state), entries }
