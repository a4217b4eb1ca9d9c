-- Values of one partition, as the next call of its run: all of them, or none when anything else came
-- between, or the server has evicted what they change.
-- KEYS: marker, awaited, then one per value.
-- ARGV: run, sequence, life (ms), offset ('': not known yet), since ('': not known yet), steps ('': as said),
--   then per value: 1 (nothing else may stand there, and it lives anew) or 0 (it stands there),
--   life (s, 0: for ever), number of fields and values, fields and values.
-- Returns 1 when applied, 3 when applied while a reader waits for Cassandra, 0 when the run is over.
local found = redis.call('HMGET', KEYS[1], 'run', 'sequence')
if found[1] ~= ARGV[1] or found[2] ~= ARGV[2] then return 0 end
local at = 7
local begun = {}
for i = 3, #KEYS do
  local key = KEYS[i]
  if ARGV[at] == '0' and not begun[key] and redis.call('EXISTS', key) == 0 then return 0 end
  begun[key] = true
  at = at + 3 + tonumber(ARGV[at + 2])
end
at = 7
for i = 3, #KEYS do
  local count = tonumber(ARGV[at + 2])
  local isFirst = ARGV[at] == '1'
  if isFirst then redis.call('DEL', KEYS[i]) end
  if count > 0 then redis.call('HSET', KEYS[i], unpack(ARGV, at + 3, at + 2 + count)) end
  if isFirst and ARGV[at + 1] ~= '0' then redis.call('EXPIRE', KEYS[i], ARGV[at + 1]) end
  at = at + 3 + count
end
redis.call('HSET', KEYS[1], 'sequence', tostring(tonumber(ARGV[2]) + 1))
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'offset', ARGV[4]) end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'since', ARGV[5]) end
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'steps', ARGV[6]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('EXISTS', KEYS[2]) == 1 and 3 or 1
