"""A simulated Instagram on loopback that the real clients talk to, over real sockets.

It is an HTTP proxy with its own certificate authority: `open_sandbox` runs it inside a Trio
program (the demo and every test), `python -m sandbox` runs it alone.

    async with open_sandbox(directory) as sandbox:
        studio = sandbox.world.add_person("studio", password="a password")
        anna = sandbox.world.add_person("anna")
        story = sandbox.world.add_story(anna, photo)
        sandbox.world.mention(story, studio)
        sandbox.faults.add(Fault(path="configure_to_story", kind=Reset(after_effect=True)))
        ...  # a client that uses `sandbox.proxy_url` and trusts `sandbox.ca_file`
        assert len(sandbox.world.published(studio)) == 1
        assert not sandbox.ledger.unknown

The official API is there as well: `world.connect_graph` connects an account and carries its token,
`world.map_public_url` says where public addresses are really fetched, and
`faults.add(Fault(path_end="/media_publish", kind=graph_error("publishing_limit")))` refuses.

`world` is what exists, `ledger` what was seen, `faults` what shall go wrong; messages that are no
mention come from `sandbox.items`, pictures from `sandbox.sample_media`. All of it belongs to the
Trio run that opened the sandbox.
"""

from sandbox.server import Sandbox, open_sandbox
from sandbox.world.person import LoginBehaviour
from sandbox.world.thread import MentionShape

__all__ = ["LoginBehaviour", "MentionShape", "Sandbox", "open_sandbox"]
