"""What every floor speaks: time, holds, refusals and changes. Imports nothing of ours."""
