-- Drops the document. What is left for its lifetime says so to whatever its owner had asked and comes late.

local document = read()
if document.generation and is_older(asked, document.generation) then
  return { 'stale', document.generation }
end
redis.call('UNLINK', head, state, log)
redis.call('HSET', head, 'g', asked, 'd', 1)
renew(lifetime)
return DONE
