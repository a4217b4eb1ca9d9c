-- Values of one partition, as the next call of its run: all of them, or none when anything else came
-- between.
-- KEYS: marker, awaited, then one per value.
-- ARGV: run, sequence, life (ms), offset ('': not known yet), since ('': not known yet), then per value:
--   1 (nothing else may stand there) or 0, 1 (the hash is the run's) or 0 (it is shared), life (s, 0: for
--   ever), its offset, number of fields and values, fields and values.
-- Returns 1 when applied, 3 when applied while a reader waits for Cassandra, 0 when the run is over.
local found = redis.call('HMGET', KEYS[1], 'run', 'sequence')
if found[1] ~= ARGV[1] or found[2] ~= ARGV[2] then return 0 end
local at = 6
for i = 3, #KEYS do
  local ttl = tonumber(ARGV[at + 2])
  local count = tonumber(ARGV[at + 4])
  if ARGV[at] == '1' then redis.call('DEL', KEYS[i]) end
  if ARGV[at + 1] == '1' then redis.call('HSET', KEYS[i], 'run', ARGV[1], 'offset', ARGV[at + 3]) end
  if count > 0 then redis.call('HSET', KEYS[i], unpack(ARGV, at + 5, at + 4 + count)) end
  if ttl > 0 then redis.call('EXPIRE', KEYS[i], ttl) end
  at = at + 5 + count
end
redis.call('HSET', KEYS[1], 'sequence', tostring(tonumber(ARGV[2]) + 1))
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'offset', ARGV[4]) end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'since', ARGV[5]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('EXISTS', KEYS[2]) == 1 and 3 or 1
