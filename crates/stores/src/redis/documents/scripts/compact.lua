-- Replaces the log by a state. ARGV: 4 the position through which, 5 as state.lua says. A copy of an earlier compaction
-- that arrives late changes nothing.

local document = read()
local through = tonumber(ARGV[4])
local refused = refusal(document)
if not refused and through > document.last then
  refused = LOST
elseif not refused and through < document.compacted then
  refused = DONE
end
if refused then
  return without_state(refused)
elseif is_state_gone() then
  return STATE_GONE
end

redis.call('XTRIM', log, 'MINID', digits(through + 1))
if through == document.last then
  redis.call('UNLINK', log)
end
put_state(through)
renew(lifetime)
return DONE
