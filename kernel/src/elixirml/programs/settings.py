"""The variables of a predict stage: its settings, and what the adapters and predictors it may use offer to tune."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from typing import Any, TypeAlias

from attrs import field, frozen

from elixirml.contracts.repair import FAIL, POLICIES
from elixirml.contracts.signature import Signature
from elixirml.errors import DeclarationError, PluginError, did_you_mean
from elixirml.identity import Json
from elixirml.programs.installed import Installed
from elixirml.programs.mistakes import Mistakes
from elixirml.programs.strategies import UNASKED, ask_model, obstacle_to
from elixirml.variables import Capability, Choice, Constraint, Entry, Float, Integer, Subset, Text, Variable, when

__all__ = ["DEFAULT_PREDICTOR", "MOST_DEMOS", "StageVariables", "narrowed", "stage_variables"]

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
        notes: What cannot be used of what may be chosen, in words.
    """

    variables: tuple[Variable, ...]
    constraints: tuple[Constraint, ...]
    settings: Mapping[str, str] = field(hash=False)
    options: Mapping[str, Mapping[str, str]] = field(hash=False)
    notes: tuple[str, ...] = ()


def narrowed(variable: Variable, installed: Installed) -> Variable:
    """Return a variable that names an adapter or a predictor with what is installed as its options, if it has none."""
    if not isinstance(variable, Capability) or variable.options or variable.capability not in {"adapter", "predictor"}:
        return variable
    names = installed.names(f"{variable.capability}s")
    return variable.narrowed(names) if variable.default in names else variable


def stage_variables(
    signature: Signature,
    settings: Mapping[str, Any],
    *,
    path: str,
    prefix: str,
    declared: Mapping[int, Variable],
    tools: Collection[str],
    installed: Installed,
    mistakes: Mistakes,
) -> StageVariables:
    """Return the variables of one predict stage.

    Args:
        signature: The stage's task.
        settings: What the declaration gave: values or Variables.
        path: The stage's path in its program.
        prefix: The path of that program; empty at the top.
        declared: The program's own variables: identity of the object to the variable at its path.
        tools: The names of the tools that the stage is given.
        installed: What is installed; its models are asked for where a stage names none.
        mistakes: Told each setting that is wrong: a name is not installed, no adapter suits, there is no model.
    """
    found = _Settings(signature, settings, path=path, prefix=prefix, declared=declared, installed=installed)
    options: dict[str, Mapping[str, str]] = {}
    constraints: tuple[Constraint, ...] = ()
    notes: tuple[str, ...] = ()
    whole = len(mistakes)
    noted = mistakes.noted()
    for name, make in _DEFAULTS.items():
        with noted:
            found.setting(name, make)
    if len(mistakes) == whole:
        with noted:
            predictor, adapter = found.chosen["predictor"], found.chosen["adapter"]
            notes = tuple(_unusable(found, predictor, tools))
            for name in _names(predictor):
                options[name] = found.offered("predictor", name, found.task.of_predictor(name))
            for name in _formats(adapter):
                options[name] = found.offered("adapter", name, found.task.of_adapter(name))
            constraints = _fits(found, predictor, adapter)
    return StageVariables(tuple(found.variables), constraints, dict(found.paths), options, notes)


def _unusable(settings: "_Settings", predictor: Variable, tools: Collection[str]) -> Iterator[str]:
    """Yield a note on each strategy that may be chosen and cannot be used; the default must be usable."""
    for name in _names(predictor):
        obstacle = obstacle_to(name, settings.signature, given=tools, installed=settings.installed)
        if obstacle is not None and name == predictor.default:
            raise obstacle.error(settings.path, name)
        if obstacle is not None:
            yield obstacle.note(settings.path, name)


def _names(variable: Variable) -> tuple[str, ...]:
    """Return the capability names a variable may take; only its default when it is fixed."""
    return _options(variable) if not variable.frozen else (str(variable.default),)


def _formats(adapter: Variable) -> tuple[str, ...]:
    """Return the adapters that a stage may use; none where it asks no model and there is none."""
    return tuple(each for each in _names(adapter) if each != UNASKED)


def _options(variable: Variable) -> tuple[str, ...]:
    """Return the capability names a variable may take when it is freed by name."""
    if isinstance(variable, Choice) and variable.options:
        return tuple(str(option) for option in variable.options)
    return (str(variable.default),)


class _Settings:
    """Collects the variables of one stage."""

    def __init__(
        self,
        signature: Signature,
        given: Mapping[str, Any],
        *,
        path: str,
        prefix: str,
        declared: Mapping[int, Variable],
        installed: Installed,
    ) -> None:
        self.signature = signature
        self.given = given
        self.local = path
        self.prefix = prefix
        self.path = f"{prefix}.{path}" if prefix else path
        self.declared = declared
        self.installed = installed
        self.task = installed.task(signature)
        self.variables: list[Variable] = []
        self.chosen: dict[str, Variable] = {}
        self.paths: dict[str, str] = {}

    def setting(self, name: str, make: "_Maker") -> None:
        """Take over the variable of a setting, made from what was given or from its default."""
        given = self.given.get(name)
        if not isinstance(given, Variable):
            variable = make(self, given, f"{self.path}.{name}")
        else:
            self._check_kind(name, given)
            variable = self.declared.get(id(given)) or self._placed(given, name)
            self._check_options(name, variable)
        if id(given) not in self.declared:
            self.variables.append(variable)
        self.chosen[name] = variable
        self.paths[name] = variable.name

    def _placed(self, given: Variable, name: str) -> Variable:
        bound = narrowed(given.bound(f"{self.local}.{name}"), self.installed)
        return bound.within(self.prefix) if self.prefix else bound

    @property
    def asks(self) -> bool:
        """Whether a model is asked under any of the predictors that may be chosen."""
        predictor = self.chosen.get("predictor")
        return predictor is None or ask_model(_names(predictor), self.installed)

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

    def _check_options(self, name: str, variable: Variable) -> None:
        if name in {"predictor", "adapter"}:
            self.check_installed(f"{name}s", *_options(variable))
        if name == "model":
            self.check_models(*_options(variable))
        if name == "repair":
            self.check_repairs(*_options(variable))
        if isinstance(variable, Subset):
            for entry in variable.entries:
                _check_demo(entry.value, self.path)

    def check_installed(self, kind: str, *names: str) -> None:
        """Refuse capabilities that are not installed."""
        known = self.installed.names(kind)
        missing = [name for name in names if name not in known]
        if missing:
            several = ", ".join(f"`{name}`" for name in missing)
            raise DeclarationError(
                f"Stage `{self.path}` asks for the {kind[:-1]} {several}, which no installed plugin offers.",
                hint=did_you_mean(missing[0], known),
                code="capability-missing",
            )

    def check_repairs(self, *names: str) -> None:
        """Refuse what is neither a policy nor an adapter that can format the stage's task."""
        for name in names:
            if name in POLICIES:
                continue
            if name not in self.installed.names("adapters"):
                raise DeclarationError(
                    f"Stage `{self.path}` would repair a reply by `{name}`, which is no policy and no adapter.",
                    hint=did_you_mean(name, (*POLICIES, *self.installed.names("adapters"))),
                    code="setting-value",
                )
            if self.task.suits(name, str(self.chosen["predictor"].default)) <= 0:
                raise DeclarationError(
                    f"Stage `{self.path}` would repair a reply by the adapter `{name}`, which cannot format its task.",
                    hint=f"Use {', '.join(POLICIES)}, or another adapter.",
                    code="adapter-unsuited",
                )

    def check_models(self, *names: str) -> None:
        """Refuse what is not the full name of a model."""
        for name in names:
            provider, slash, model = name.partition("/")
            if not (provider and slash and model):
                raise DeclarationError(
                    f"Stage `{self.path}` asks for the model `{name}`, which is not a full name.",
                    hint="Write provider/model, as in local/smollm2.",
                    code="model-name",
                )


def _check_demo(demo: Json, path: str) -> None:
    sides = [demo.get(side) for side in ("inputs", "outputs")] if isinstance(demo, dict) else []
    if not sides or not all(isinstance(side, dict) for side in sides):
        raise DeclarationError(
            f"A demo of stage `{path}` is not a worked example: {demo!r}.",
            hint='Write {"inputs": {...}, "outputs": {...}}, each with values by field.',
            code="demo-shape",
        )


_KINDS: Mapping[str, tuple[type[Variable], ...]] = {
    "predictor": (Capability, Choice),
    "adapter": (Capability, Choice),
    "model": (Capability, Choice),
    "instruction": (Text,),
    "demos": (Subset,),
    "temperature": (Float,),
    "max_tokens": (Integer,),
    "repair": (Choice,),
}
_EXAMPLES: Mapping[str, str] = {
    "predictor": 'ml.variable("direct", kind="predictor")',
    "adapter": 'ml.variable("json", choices=["json", "sections"])',
    "model": 'ml.variable("local/smollm2", choices=["local/smollm2"])',
    "instruction": 'ml.variable("Answer.", bank=["Answer in one word."])',
    "demos": "ml.variable([], bank=[], maximum=8)",
    "temperature": "ml.variable(0.0, low=0.0, high=1.5)",
    "max_tokens": "ml.variable(64, low=1, high=512)",
    "repair": 'ml.variable("fail", choices=["fail", "resend", "json"])',
}


_Maker: TypeAlias = Callable[[_Settings, Any, str], Variable]


def _alike(make: _Maker) -> _Maker:
    """Return a maker that makes, and checks, one variable for all stages that give the same, and a copy for each.

    For settings in which neither the task nor the path has a part.
    """

    def placed(settings: _Settings, given: Any, path: str) -> Variable:
        if not isinstance(given, Hashable):
            return make(settings, given, path)
        made, key = settings.installed.made, (make, type(given), given)
        if key not in made:
            made[key] = make(settings, given, path)
        return made[key].bound(path)

    return placed


@_alike
def _default_predictor(settings: _Settings, given: Any, path: str) -> Variable:
    name = DEFAULT_PREDICTOR if given is None else str(given)
    settings.check_installed("predictors", name)
    options = settings.installed.names("predictors")
    return Capability(path, default=name, capability="predictor", options=options, frozen=True)


def _default_adapter(settings: _Settings, given: Any, path: str) -> Variable:
    if given is not None:
        settings.check_installed("adapters", str(given))
        return Capability(path, default=str(given), capability="adapter", options=(str(given),), frozen=True)
    suiting, unusable = _suiting(settings)
    usable = tuple(name for name, suits in suiting.items() if any(suits))
    if not any(suits[0] for suits in suiting.values()):
        if not settings.asks:
            return Capability(path, default=UNASKED, capability="adapter", options=(UNASKED,), frozen=True)
        raise DeclarationError(
            f"No installed adapter suits stage `{settings.path}`.",
            hint="\n  ".join(unusable) or "Install the usual ones: pip install elixirml-adapters",
            code="capability-missing",
        )
    best = max(usable, key=lambda name: suiting[name][0])
    return _best_adapter(settings, (best, *usable), path)


@_alike
def _best_adapter(_settings: _Settings, names: tuple[str, ...], path: str) -> Variable:
    """Return a choice among adapters; the first name is that of the best, and comes again."""
    return Capability(path, default=names[0], capability="adapter", options=names[1:])


def _suiting(settings: _Settings) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """Return how well each adapter suits the task of each predictor, the default one first; and what cannot be used.

    Predictors that ask no model have no part in it.
    """
    predictor = settings.chosen.get("predictor")
    names = (str(predictor.default), *_names(predictor)) if predictor is not None else ()
    asking = [name for name in dict.fromkeys(names) if ask_model([name], settings.installed)]
    for name in asking:
        settings.task.extended(name)  # a strategy that is broken is no fault of an adapter
    under: list[str | None] = [*asking] or [None]
    suiting: dict[str, tuple[int, ...]] = {}
    unusable: list[str] = []
    for name in settings.installed.names("adapters"):
        try:
            settings.installed.adapter(name)
        except PluginError as error:
            unusable.append(str(error))
        else:
            suiting[name] = tuple(settings.task.suits(name, each) for each in under)
    return suiting, unusable


def _instruction(settings: _Settings, given: Any, path: str) -> Variable:
    return _words(settings, settings.signature.instruction if given is None else str(given), path)


@_alike
def _words(_settings: _Settings, words: str, path: str) -> Variable:
    entry = Entry.of(words)
    return Text(path, default=entry.id, entries=(entry,))


def _model(settings: _Settings, given: Any, path: str) -> Variable:
    if given is None and not settings.asks and not settings.installed.models():
        return Capability(path, default=UNASKED, capability="model", frozen=True)
    return _named_model(settings, given, path)


@_alike
def _named_model(settings: _Settings, given: Any, path: str) -> Variable:
    known = settings.installed.models() if given is None else (str(given),)
    if not known:
        raise DeclarationError(
            f"Stage `{settings.path}` names no model, and none is installed.",
            hint='Declare one: ml.predict(..., model="local/smollm2"); or get one: elixirml models get smollm2',
            code="model-missing",
        )
    settings.check_models(known[0])
    return Capability(path, default=known[0], capability="model", frozen=True)


@_alike
def _temperature(settings: _Settings, given: Any, path: str) -> Variable:
    value = 0.0 if given is None else given
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _misfit(settings, "temperature", given, "a number")
    return Float(path, default=float(value), low=0.0, high=max(2.0, float(value)), frozen=True)


@_alike
def _max_tokens(settings: _Settings, given: Any, path: str) -> Variable:
    value = 256 if given is None else given
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _misfit(settings, "max_tokens", given, "a whole number, 1 or more")
    return Integer(path, default=value, low=1, high=max(32_768, value), frozen=True)


@_alike
def _demos(settings: _Settings, given: Any, path: str) -> Variable:
    if given is not None:
        raise _misfit(settings, "demos", given, "a Subset variable over worked examples")
    return Subset(path, maximum=MOST_DEMOS, ordered=True)


def _repair(settings: _Settings, given: Any, path: str) -> Variable:
    name = FAIL if given is None else str(given)
    settings.check_repairs(name)
    return _policy(settings, name, path)


@_alike
def _policy(settings: _Settings, name: str, path: str) -> Variable:
    options = (*POLICIES, *(each for each in settings.installed.names("adapters") if each not in POLICIES))
    return Choice(path, default=name, options=options, frozen=True)


def _misfit(settings: _Settings, name: str, given: Any, wanted: str) -> DeclarationError:
    return DeclarationError(
        f"The setting `{name}` of stage `{settings.path}` is {wanted}, not {given!r}.",
        hint=f"Give one, or a variable as in `{_EXAMPLES[name]}`.",
        code="setting-value",
    )


_DEFAULTS: Mapping[str, _Maker] = {
    "predictor": _default_predictor,
    "adapter": _default_adapter,
    "instruction": _instruction,
    "model": _model,
    "temperature": _temperature,
    "max_tokens": _max_tokens,
    "demos": _demos,
    "repair": _repair,
}


def _fits(settings: _Settings, predictor: Variable, adapter: Variable) -> tuple[Constraint, ...]:
    """Return the constraint that the adapter can format what the predictor asks for, where that is in question."""
    if adapter.default == UNASKED:
        return ()
    predictors, adapters = _options(predictor), _options(adapter)
    for name in adapters:
        settings.installed.adapter(name)  # one that is broken is told of as itself
    fitting = {
        (strategy, name)
        for strategy, asks in _usable(settings, predictors, default=str(predictor.default))
        for name in adapters
        if not asks or settings.task.suits(name, strategy) > 0
    }
    if len(fitting) == len(predictors) * len(adapters):
        return ()
    strategy_path, format_path = settings.paths["predictor"], settings.paths["adapter"]
    if (predictor.default, adapter.default) not in fitting:
        suiting = _suiting(settings)[0]
        usable = [name for name, suits in suiting.items() if suits[0]]
        raise DeclarationError(
            f"Stage `{settings.path}`: the adapter `{adapter.default}` cannot format what the predictor "
            f"`{predictor.default}` asks for.",
            hint=f"Use one of these adapters: {', '.join(usable) or 'none installed fits'}.",
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


def _usable(settings: _Settings, predictors: tuple[str, ...], *, default: str) -> Iterator[tuple[str, bool]]:
    """Yield the predictors that can be used, and whether each asks a model.

    One that is broken fits nothing, but only the default must not be.
    """
    for name in predictors:
        try:
            asks = ask_model([name], settings.installed)
            if asks:
                settings.task.extended(name)
        except PluginError:
            if name == default:
                raise
        else:
            yield name, asks
