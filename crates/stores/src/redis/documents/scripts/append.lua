-- Adds an entry to the log. ARGV: 4 the position that the log must reach, 5 the entry, empty for none. Returns where
-- the log ends.

local document = read()
local refused = refusal(document)
if refused then
  return refused
elseif tonumber(ARGV[4]) > document.last then
  return LOST
elseif ARGV[5] == '' then
  return { 'done', document.last }
end

local position = document.last + 1
redis.call('XADD', log, digits(position) .. '-0', 'u', ARGV[5])
redis.call('HSET', head, 'e', digits(position))
-- Once in a while is enough; a log that has just begun has no end of its own.
if document.last == document.compacted
  or (lifetime ~= '0' and redis.call('PTTL', head) < tonumber(lifetime) * 7 / 8)
then
  renew(lifetime)
end
return { 'done', position }
