"""Gates and control totals. The only folder that imports Great Expectations."""

import os

# Read when Great Expectations is imported: no usage figures leave the machine.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
