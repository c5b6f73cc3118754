"""Import contract: another domain is entered by its face only.

Everybody may import a domain's `service`, `events`, `errors` and `ports`. Edges, their schemas and the
back office may also present by another domain's `schemas`. The registry sees edges; adapters see ports and errors;
only the domain itself sees the rest.
"""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

PRESENTERS = {"endpoints", "sockets", "schemas"}


class DomainFaceContract(Contract):
    """Fails for each import of a domain's inside from outside of it."""

    container = fields.StringField()
    face = fields.ListField(subfield=fields.StringField())
    everything_for = fields.ListField(subfield=fields.StringField())
    schemas_for = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        del verbose
        breaches = sorted(
            (importer, imported)
            for imported in graph.modules
            if str(imported).startswith(f"{self.container}.")
            for importer in graph.find_modules_that_directly_import(imported)
            if not self._allowed(str(importer), str(imported))
        )
        return ContractCheck(kept=not breaches, metadata={"breaches": breaches})

    def _allowed(self, importer: str, imported: str) -> bool:
        depth = len(self.container.split("."))
        domain, *inside = imported.split(".")[depth:]
        parts = importer.split(".")
        if importer.startswith(f"{self.container}.{domain}.") or not inside:
            return True
        if any(importer == name or importer.startswith(f"{name}.") for name in self.everything_for):
            return True
        if inside[0] in self.face:
            return True
        presents = not PRESENTERS.isdisjoint(parts[depth:]) or any(
            importer.startswith(f"{name}.") for name in self.schemas_for
        )
        return inside[0] == "schemas" and presents

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["breaches"]:
            output.print_error(f"{importer} imports {imported}, which is not a face of its domain")
