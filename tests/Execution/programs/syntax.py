#: No Python
for for

#: A bad indent
if True:
print(1)

#: An unexpected indent
print(1)
  print(2)

#: Tabs and blanks mixed
if True:
        a = 1
	b = 2

#: A text without its end
print('hello

#: Three quotes without their end
print("""hello

#: A parenthesis without its end
print((1, 2)

#: A parenthesis too much
print(1))

#: An f-string that is none
print(f"{1 +}")

#: An f-string without its end
print(f"{1")

#: A byte that is zero
print(1)␀

#: A coding that nobody knows
# -*- coding: no-such-coding -*-
print(1)

#: A coding that isn't the file's
# -*- coding: ascii -*-
print("Größe")

#: Another coding
# -*- coding: latin-1 -*-
print(ascii("Größe"))

#: A byte order mark
﻿print("marked")

#: An invisible character
print(1)​

#: Return outside a function
print("never")
return 1

#: Await outside a function
await something()

#: A break outside a loop
break

#: A name that can't be assigned
None = 1

#: A print of Python 2
print "hello"

#: A future that is none
from __future__ import no_such_feature

#: A future in the wrong place
import os
from __future__ import annotations

#: A warning of the compiler
x = 5
print(x is 5)

#: A warning of the compiler before an error
x = 5
print(x is 5)
return 1

#: An escape that is none
print("\d \w")

#: An escape that is none before an error
print("\d")
return

#: Too many parentheses
print((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1
))

#: A nonlocal name at the top
nonlocal x

#: A parameter twice
def f(a, a): pass

#: Walrus and match
match (n := [1, 2, 3]):
    case [first, *rest]: print(first, rest, n)

#: Annotations of the future
from __future__ import annotations
import typing
class Node:
    next: Node | None = None
print(Node.__annotations__, typing.get_type_hints(Node))

#: Futures of the runner don't leak into what is compiled
print(compile("1", "a", "eval").co_flags, (lambda: 0).__code__.co_flags & 0x1FF0000, compile("x: unknown", "a", "exec").co_flags)
try: exec("x: unknown = 1")
except NameError as fault: print(fault)

#: Line ends of other systems
exec("print(1)\r\nprint(2)\r\n")
