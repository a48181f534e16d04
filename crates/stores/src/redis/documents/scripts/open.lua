-- Claims the document for the generation that asks. Returns where its log ends, its state, and its entries.

local document = read()
local refused = stale(document)
if refused then
  return refused
elseif not document.generation or document.is_dropped then
  if redis.call('EXISTS', state, log) > 0 then
    redis.call('UNLINK', state, log)
    return LOST
  end
  redis.call('HSET', head, 'g', asked)
  redis.call('HDEL', head, 'd')
  renew()
elseif is_whole(document) then
  renew()
  redis.call('HSET', head, 'g', asked)
else
  keep_what_is_left(document)
  return LOST
end

local entries = redis.call('XRANGE', log, '-', '+')
for at, entry in ipairs(entries) do
  entries[at] = entry[2][2]
end
return { 'done', document.last, redis.call('GET', state), entries }
