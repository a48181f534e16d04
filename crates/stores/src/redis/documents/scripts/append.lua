-- Adds an entry to the log. ARGV: 3 the position that the log must reach, 4 the entry, empty for none. Returns where
-- the log ends.

local document = read()
local refused = refusal(document)
if refused then
  return refused
elseif tonumber(ARGV[3]) > document.last then
  return LOST
elseif ARGV[4] == '' then
  return { 'done', document.last }
end

local position = document.last + 1
redis.call('XADD', log, digits(position) .. '-0', 'u', ARGV[4])
redis.call('HSET', head, 'e', digits(position))
-- Once in a while is enough; a log that has just begun has no end of its own.
if lifetime ~= '0'
  and (document.last == document.compacted or redis.call('PTTL', head) < tonumber(lifetime) * 7 / 8)
then
  renew()
end
return { 'done', position }
