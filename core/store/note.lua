-- ARGV: shift, event, task id, then names and values
tell(ARGV[2], ARGV[3], {unpack(ARGV, 4)})
return 1
