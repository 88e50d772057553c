"""The variables of a predict stage: its settings, and what the adapters and predictors it may use offer to tune."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from elixirml.contracts.capabilities import Capabilities
from elixirml.contracts.signature import Signature
from elixirml.errors import DeclarationError, PluginError, did_you_mean
from elixirml.identity import Json
from elixirml.variables import Capability, Choice, Constraint, Entry, Float, Integer, Subset, Text, Variable, when

__all__ = ["DEFAULT_PREDICTOR", "MOST_DEMOS", "StageVariables", "stage_variables"]

DEFAULT_PREDICTOR = "direct"
MOST_DEMOS = 16


@frozen
class StageVariables:
    """What a predict stage adds to the space.

    Attributes:
        variables: New variables, at their paths.
        constraints: Which combinations fit.
        settings: Setting name to the path of its variable, declared here or on the program.
        options: Capability name to short variable name to path.
    """

    variables: tuple[Variable, ...]
    constraints: tuple[Constraint, ...]
    settings: Mapping[str, str] = field(hash=False)
    options: Mapping[str, Mapping[str, str]] = field(hash=False)


def stage_variables(
    signature: Signature,
    settings: Mapping[str, Any],
    *,
    path: str,
    declared: Mapping[int, str],
    capabilities: Capabilities,
) -> StageVariables:
    """Return the variables of one predict stage.

    Args:
        signature: The stage's task.
        settings: What the declaration gave: values or Variables.
        path: The stage's path.
        declared: The program's own variables: identity of the object to its path.
        capabilities: What is installed.

    Raises:
        DeclarationError: A name is not installed, no adapter suits the signature, or there is no model.
    """
    found = _Settings(signature, dict(settings), path, declared, capabilities)
    predictor = found.setting("predictor", _default_predictor)
    adapter = found.setting("adapter", _default_adapter)
    for name in ("instruction", "model", "temperature", "max_tokens", "demos"):
        found.setting(name, _DEFAULTS[name])
    options: dict[str, Mapping[str, str]] = {}
    for name in _names(predictor):
        options[name] = found.offered("predictor", name, capabilities.predictor(name).variables(signature))
    for name in _names(adapter):
        options[name] = found.offered("adapter", name, capabilities.adapter(name).variables(signature))
    return StageVariables(tuple(found.variables), _fits(found, predictor, adapter), dict(found.paths), options)


def _names(variable: Variable) -> tuple[str, ...]:
    """Return the capability names a variable may take; only its default when it is fixed."""
    if not variable.frozen and isinstance(variable, Choice) and variable.options:
        return tuple(str(option) for option in variable.options)
    return (str(variable.default),)


class _Settings:
    """Collects the variables of one stage."""

    def __init__(
        self,
        signature: Signature,
        given: dict[str, Any],
        path: str,
        declared: Mapping[int, str],
        capabilities: Capabilities,
    ) -> None:
        self.signature = signature
        self.given = given
        self.path = path
        self.declared = declared
        self.capabilities = capabilities
        self.variables: list[Variable] = []
        self.paths: dict[str, str] = {}

    def setting(self, name: str, make: "Callable[[_Settings, Any, str], Variable]") -> Variable:
        """Return the variable of a setting, made from what was given or from its default."""
        given = self.given.get(name)
        if isinstance(given, Variable):
            self._check_kind(name, given)
            shared = self.declared.get(id(given))
            self.paths[name] = shared or f"{self.path}.{name}"
            if shared is None:
                self.variables.append(given.bound(self.paths[name]))
            return given
        variable = make(self, given, f"{self.path}.{name}")
        self.paths[name] = variable.name
        self.variables.append(variable)
        return variable

    def offered(self, setting: str, name: str, offered: tuple[Variable, ...]) -> dict[str, str]:
        """Bind the variables a capability offers below the stage, active while it is the one chosen."""
        chosen = when(self.paths[setting]).equals(name)
        paths: dict[str, str] = {}
        for variable in offered:
            placed = variable.within(f"{self.path}.{name}", also=chosen)
            self.variables.append(placed)
            paths[variable.name] = placed.name
        return paths

    def _check_kind(self, name: str, given: Variable) -> None:
        kinds = _KINDS[name]
        if not isinstance(given, kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise DeclarationError(
                f"The setting `{name}` of stage `{self.path}` takes a {wanted} variable, not {type(given).__name__}.",
                hint=f"Declare it as in `{_EXAMPLES[name]}`.",
                code="variable-kind",
            )
        if name in {"predictor", "adapter"}:
            for option in _names(given):
                self.check_installed(f"{name}s", option)

    def check_installed(self, kind: str, name: str) -> None:
        """Refuse a capability that is not installed."""
        known = self.capabilities.names(kind)
        if name not in known:
            raise DeclarationError(
                f"Stage `{self.path}` asks for the {kind[:-1]} `{name}`, which no installed plugin offers.",
                hint=did_you_mean(name, known),
                code="capability-missing",
            )


_KINDS: Mapping[str, tuple[type[Variable], ...]] = {
    "predictor": (Capability, Choice),
    "adapter": (Capability, Choice),
    "model": (Capability, Choice),
    "instruction": (Text,),
    "demos": (Subset,),
    "temperature": (Float,),
    "max_tokens": (Integer,),
}
_EXAMPLES: Mapping[str, str] = {
    "predictor": 'ml.variable("direct", kind="predictor")',
    "adapter": 'ml.variable("json", choices=["json", "sections"])',
    "model": 'ml.variable("local/smollm2", choices=["local/smollm2"])',
    "instruction": 'ml.variable("Answer.", bank=["Answer in one word."])',
    "demos": "ml.variable([], bank=[], maximum=8)",
    "temperature": "ml.variable(0.0, low=0.0, high=1.5)",
    "max_tokens": "ml.variable(64, low=1, high=512)",
}


def _default_predictor(settings: _Settings, given: Any, path: str) -> Variable:
    settings.check_installed("predictors", str(given or DEFAULT_PREDICTOR))
    options = settings.capabilities.names("predictors")
    return Capability(path, default=given or DEFAULT_PREDICTOR, capability="predictor", options=options, frozen=True)


def _default_adapter(settings: _Settings, given: Any, path: str) -> Variable:
    if given is not None:
        settings.check_installed("adapters", str(given))
        return Capability(path, default=given, capability="adapter", options=(given,), frozen=True)
    suiting: dict[str, int] = {}
    unusable: list[str] = []
    for name in settings.capabilities.names("adapters"):
        try:
            suiting[name] = settings.capabilities.adapter(name).suits(settings.signature)
        except PluginError as error:
            unusable.append(str(error))
    usable = {name: suits for name, suits in suiting.items() if suits > 0}
    if not usable:
        raise DeclarationError(
            f"No installed adapter suits stage `{settings.path}`.",
            hint="\n  ".join(unusable) or "Install the usual ones: pip install elixirml-adapters",
            code="capability-missing",
        )
    best = max(usable, key=lambda name: usable[name])
    return Capability(path, default=best, capability="adapter", options=tuple(usable))


def _instruction(settings: _Settings, given: Any, path: str) -> Variable:
    entry = Entry.of(str(given or settings.signature.instruction))
    return Text(path, default=entry.id, entries=(entry,))


def _model(settings: _Settings, given: Any, path: str) -> Variable:
    known = settings.capabilities.models() if given is None else ()
    if given is None and not known:
        raise DeclarationError(
            f"Stage `{settings.path}` names no model, and none is installed.",
            hint='Declare one: ml.predict(..., model="local/smollm2"); or get one: elixirml models get smollm2',
            code="model-missing",
        )
    return Capability(path, default=given or known[0], capability="model", frozen=True)


def _temperature(settings: _Settings, given: Any, path: str) -> Variable:
    _ = settings
    value = 0.0 if given is None else float(given)
    return Float(path, default=value, low=0.0, high=max(2.0, value), frozen=True)


def _max_tokens(settings: _Settings, given: Any, path: str) -> Variable:
    _ = settings
    return Integer(path, default=int(given or 256), low=1, high=max(32_768, int(given or 0)), frozen=True)


def _demos(settings: _Settings, given: Any, path: str) -> Variable:
    _ = settings, given
    return Subset(path, maximum=MOST_DEMOS, ordered=True)


_DEFAULTS: Mapping[str, Callable[[_Settings, Any, str], Variable]] = {
    "instruction": _instruction,
    "model": _model,
    "temperature": _temperature,
    "max_tokens": _max_tokens,
    "demos": _demos,
}


def _fits(settings: _Settings, predictor: Variable, adapter: Variable) -> tuple[Constraint, ...]:
    """Return the constraint that the adapter can format what the predictor asks for, where that is in question."""
    predictors, adapters = _names(predictor), _names(adapter)
    capabilities = settings.capabilities
    fitting: set[tuple[Json, Json]] = set()
    for strategy in predictors:
        task = capabilities.predictor(strategy).extend(settings.signature)
        fitting.update((strategy, name) for name in adapters if capabilities.adapter(name).suits(task) > 0)
    if len(fitting) == len(predictors) * len(adapters):
        return ()
    strategy_path, format_path = settings.paths["predictor"], settings.paths["adapter"]
    if (predictor.default, adapter.default) not in fitting:
        usable = [str(name) for strategy, name in fitting if strategy == predictor.default]
        raise DeclarationError(
            f"Stage `{settings.path}`: the adapter `{adapter.default}` cannot format what the predictor "
            f"`{predictor.default}` asks for.",
            hint=f"Use one of these adapters: {', '.join(sorted(usable)) or 'none installed fits'}.",
            code="adapter-unsuited",
        )
    return (
        Constraint(
            f"{settings.path}: adapter fits predictor",
            message="the adapter cannot format what the predictor asks for",
            paths=(strategy_path, format_path),
            holds=lambda values: (values[strategy_path], values[format_path]) in fitting,
        ),
    )
