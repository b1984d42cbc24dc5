"""token_scenarios.py: what happens to a token while certificates are issued, and what that may cost."""

import dataclasses

# What answers when the device is not there. It is gone for as long as the scenario lasts.
AWAY = ("C_SignInit count=0 return=CKR_DEVICE_REMOVED\nC_OpenSession count=0 return=CKR_DEVICE_REMOVED\n"
        "C_GetTokenInfo count=0 return=CKR_TOKEN_NOT_PRESENT\n")

LANES = 4  # of each token (simulators/site)
CLIENTS = 8
# What a process that ends may leave unknown. A lane of a fast token is given several requests at a time, and tells of all of them at the end: it may be more than one for each
# lane, but not more than the clients wait for.
UNKNOWN = CLIENTS


@dataclasses.dataclass(frozen=True)
class Scenario:
    """script is the faulty module's (simulators/faulty_module/fault_script.hpp). FIRED in it becomes a file that is there as soon as the fault has acted; where no line has it,
    one is added that says so of the first line's function."""
    name: str
    script: str
    site: str = "one"               # whose token breaks: "one", "narrow" (its signer takes few requests at a time) or "two" (a second location)
    location: int = 0               # whose script it is, of "two"
    other: str = ""                 # what the other location does meanwhile
    lasts: float = 0                # seconds after which the token is well again; 0: the script counts for itself
    watch: float = 0.4              # seconds for which the clients go on at least
    most_indeterminate: int = 0     # certificates of which it may be unknown whether they were signed
    least_indeterminate: int = 0
    must_refuse: bool = False       # the fault is no fault where nobody is refused
    may_refuse: bool = True
    must_restart: bool = False      # the token's process ends
    upgrade: bool = False           # the module's file is replaced first
    never_away: bool = False        # goes on through all of it, though the fault lasts


SCENARIOS = [
    Scenario("device removed and back", AWAY, lasts=0.7),
    Scenario("session lost", "C_SignInit count=3 return=CKR_SESSION_HANDLE_INVALID\n"),
    Scenario("token reset", "C_SignInit count=2 return=CKR_TOKEN_NOT_PRESENT\nC_GetSessionInfo count=6 return=CKR_SESSION_HANDLE_INVALID\n"),
    Scenario("login lost", "C_SignInit count=2 return=CKR_USER_NOT_LOGGED_IN\n"),
    Scenario("library poisoned", "C_SignInit count=0 return=CKR_CRYPTOKI_NOT_INITIALIZED\n", lasts=0.5),
    Scenario("hang", "C_Sign hang once_file=FIRED\n", watch=1.8, most_indeterminate=UNKNOWN, must_restart=True),
    Scenario("hang of every lane", "".join(f"C_Sign after={lane} hang once_file=FIRED{lane or ''}\n" for lane in range(LANES)), watch=1.8, most_indeterminate=UNKNOWN,
             must_restart=True),
    Scenario("crash", "C_Sign crash once_file=FIRED\n", most_indeterminate=UNKNOWN, must_restart=True),
    Scenario("crash after signing", "C_Sign crash call=yes once_file=FIRED\n", most_indeterminate=UNKNOWN, must_restart=True),
    Scenario("error after signing", "C_Sign call=yes return=CKR_DEVICE_ERROR\n", most_indeterminate=1),
    Scenario("wrong signature", "C_Sign count=24 alter=signature\n", most_indeterminate=24, least_indeterminate=1),
    # A token that comes up proves its keys, and one that goes on so does not come up: counting begins anew in each process.
    Scenario("truncated signature", "C_Sign count=0 truncate=1\n", lasts=0.3, most_indeterminate=16, must_refuse=True, must_restart=True),
    Scenario("queue full", "C_Sign rate=20\n", site="narrow", lasts=1.0, must_refuse=True),
    Scenario("slow token", "C_Sign count=40 delay_ms=60\n"),
    Scenario("module upgraded", "C_Sign crash once_file=FIRED\n", most_indeterminate=UNKNOWN, must_restart=True, upgrade=True),
    Scenario("first location gone", AWAY, site="two", location=0, lasts=1.2, never_away=True, may_refuse=False),
    # The first one is slow: the second would have little to do otherwise.
    Scenario("second location gone", AWAY, site="two", location=1, other="C_Sign count=0 delay_ms=10\n", lasts=1.2, never_away=True, may_refuse=False),
]
