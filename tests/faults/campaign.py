#!/usr/bin/env python3
"""campaign.py BUILD_DIR [--seeds N] [--boundary NAME ...] [--keep]: kills the daemon, and the signer, at each named boundary, many seeds each, restarts, and compares.

After each kill and restart:
  - every signature that the token made (counted by the PKCS#11 shim, with what was signed) is in the signer's journal, once;
  - every certificate signature in the journal has its row in the database: issued, or indeterminate and revoked;
  - no intent is left open;
  - every answer that a client received in full is in the database, byte for byte;
  - an indeterminate serial is revoked on the CRL and in OCSP;
  - the exported audit log verifies.

A boundary that was never reached in all its seeds fails the campaign: it would prove nothing."""

import argparse
import concurrent.futures
import os
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import house as house_module  # noqa: E402
from house import Failure, House, expect  # noqa: E402

# How often each boundary can be passed in one run is what the seed draws from. A boundary of a CRL or a revocation is passed once per change.
DAEMON = ["daemon.received", "daemon.proven", "daemon.decided", "daemon.linted", "daemon.intend.begun", "daemon.intended", "daemon.signature.asked",
          "daemon.signature.got", "daemon.assembled", "daemon.complete.begun", "daemon.completed", "daemon.answered", "daemon.revoke.begun", "daemon.revoked",
          "daemon.crl.intended", "daemon.crl.signed", "daemon.crl.completed", "daemon.crl.published"]
SIGNER = ["signer.received", "signer.checked", "signer.appended", "signer.journaled", "signer.signed", "signer.answered"]
