"""The cheapest hashes that Argon2 knows, in each process that imports this.

Those that are kept for users took a thirtieth of the processor in all tests.
"""

from argon2 import PasswordHasher

from model import password

OF_USERS = password.HASHER

password.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
