#!lua flags=allow-oom
-- A worker takes jobs: give.lua has what goes in and out.
return give()
