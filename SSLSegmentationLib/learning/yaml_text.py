"""Strict YAML: plain data only, no key twice, numbers and dates read as a person means them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from SSLSegmentationLib.contract.errors import SSLSegmentationError

if TYPE_CHECKING:
    import yaml


def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class StrictLoader(yaml.SafeLoader):
        """SafeLoader that refuses a key given twice and reads 1e-3 as a number, 2020-01-01 and 1:30 as text."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            # Aliases let ten lines grow to gigabytes ("billion laughs"); a config needs none.
            if self.check_event(yaml.AliasEvent):
                raise yaml.constructor.ConstructorError(None, None, "aliases (*name) are not allowed", self.get_mark())
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            seen: set[str] = set()
            for key_node, _ in node.value:
                key = str(key_node.value)
                if key in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' is given twice", key_node.start_mark)
                seen.add(key)
            return super().construct_mapping(node, deep=deep)

    dropped = ("tag:yaml.org,2002:float", "tag:yaml.org,2002:int", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge")
    StrictLoader.yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in resolvers if tag not in dropped]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    # YAML 1.1 takes 1e-3 for text and 1:30 for a number of base 60; these are the numbers of YAML 1.2.
    StrictLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(0|[1-9][0-9_]*)$"), list("-+0123456789"))
    StrictLoader.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(
            r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?$|[-+]?[0-9]+[eE][-+]?[0-9]+$|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"
        ),
        list("-+.0123456789"),
    )
    return StrictLoader


def load_yaml(text: str, *, source: str) -> Any:
    """What `text` holds as plain data. `source` names it in messages. Errors: `config.unreadable`."""
    try:
        import yaml
    except ImportError as error:
        raise SSLSegmentationError(
            "environment.missing_package",
            f"{source} is YAML, but the package pyyaml is not installed.",
            hint="Install pyyaml, or write the config as JSON.",
        ) from error
    try:
        return yaml.load(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        where = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise SSLSegmentationError(
            "config.unreadable", f"{source} is not valid YAML: {error.problem or error.context}{where}."
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        raise SSLSegmentationError("config.unreadable", f"{source} is not valid YAML: {' '.join(str(error).split())}.") from error
