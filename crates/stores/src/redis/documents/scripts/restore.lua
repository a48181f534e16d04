-- Gives the document anew, by one state in place of all that is stored. Each opening allows it once: so a copy that
-- arrives late replaces nothing that was written after it. ARGV: 4 the position that the log had reached, 5 as
-- state.lua says. Returns where the log ends: above whatever an earlier call names.

local document = read()
local refused = stale(document)
if not refused and (document.generation ~= asked or not document.is_restorable) then
  refused = LOST
end
if refused then
  return without_state(refused)
elseif is_state_gone() then
  return STATE_GONE
end

redis.call('UNLINK', log)
local position = math.max(document.last, tonumber(ARGV[4])) + 1
put_state(position)
redis.call('HSET', head, 'e', digits(position))
redis.call('HDEL', head, 'r')
renew(lifetime)
return { 'done', position }
