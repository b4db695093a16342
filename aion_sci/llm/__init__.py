"""Language models behind one interface: bounded, recorded, and never trusted.

:class:`~aion_sci.llm.assistant.Assistant` is all that the rest of the workbench sees: a role, a
text and a JSON schema in, a checked object out.
"""

from aion_sci.llm.assistant import Allowance, Assistant
from aion_sci.llm.roles import Role
from aion_sci.llm.transcript import Transcript

__all__ = ["Allowance", "Assistant", "Role", "Transcript"]
