"""The conversation as a LangGraph graph, and LangGraph's only home.

    guard -> link -+-> tell                      (answered by a template: writes, injections, questions back)
                   +-> look -> tell              (playbook: the plan's steps)
                   `-> think <-> look            (model: at most MAX_ROUNDS rounds of read-only tools)
                        `-> verify -> think      (once, when a number has no source)

A model that dies anywhere on the way leaves the run in `look -> tell` of the playbook: what was found
stays found. All tools read; nothing here can write to a building.
"""

from __future__ import annotations

import json
import os
import re
import string
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypedDict, cast

# Read by langgraph and langsmith when they are imported: no traces leave the house, and nothing but
# plain values is ever unpacked from a checkpoint.
os.environ["LANGSMITH_TRACING"] = "false"
os.environ["LANGCHAIN_TRACING_V2"] = "false"
os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agent.answers import tell as tell_playbook
from agent.events import Event, Note, Token, Understood
from agent.evidence import ToolResult
from agent.figures import show_time
from agent.grounding import Bound, Ungrounded, marked, unbound, ungrounded
from agent.model import Capabilities, ChatModel, Message, Text, ToolCall
from agent.opening import Opening, PromptStyle, reaches_model
from agent.plan import Plan, Question, Step
from agent.prompts import prompt
from agent.steps import MAX_PARALLEL, look
from agent.tools import TOOLS
from agent.tools.toolbox import Toolbox
from ontology.errors import BadRequest, ModelSilent, PlantroomError

MAX_QUESTION: Final = 4_000
"""Characters: a long e-mail. Whoever pastes more wants a file read, which is another tool."""
MAX_ROUNDS: Final = 6
BUDGET_S: Final = 180.0
"""A person on shift does not wait longer than three minutes."""
CHARS_PER_TOKEN: Final = 3
"""A careful guess for English with figures; Thai is worse, so half the window is kept free."""


class Planner(Protocol):
    """Understands a question without a language model."""

    def plan(
        self, question: Question, context: Sequence[str] = (), previous: Plan | None = None
    ) -> Plan: ...


class State(TypedDict, total=False):
    """What a run knows. Series never enter it: results carry figures and ids."""

    question: Question
    context: Sequence[str]
    plan: Plan
    mode: str
    wanted: list[Step]
    calls: list[ToolCall]
    done: list[Step]
    results: list[ToolResult]
    messages: list[Message]
    rounds: int
    asked_again: bool
    text: str
    follow_ups: tuple[str, ...]
    ungrounded: tuple[str, ...]
    until: float
    silent: bool


@dataclass(frozen=True)
class Conversation:
    """The nodes of the graph around a toolbox, a planner and, where there is one, a model."""

    box: Toolbox
    planner: Planner
    model: ChatModel | None = None
    able: Capabilities | None = None
    budget_s: float = BUDGET_S
    previous: Plan | None = None
    """The plan of the turn before in this thread: "and ch-3?" goes on from it."""
    style: PromptStyle = PromptStyle.FULL

    @property
    def _opening(self) -> Opening:
        in_prompt = self.able is not None and not self.able.tools
        return Opening(self.box.building, self.style, in_prompt=in_prompt)

    def guard(self, state: State) -> State:
        """Refuses what is no question before anything is spent on it."""
        text = state["question"].text
        if len(text) > MAX_QUESTION:
            raise BadRequest(
                f"a question of {len(text):,} characters",
                hint=f"ask in at most {MAX_QUESTION:,} characters; put tables into a file",
            )
        if not text.strip():
            raise BadRequest("an empty question", hint="ask, for example: why is room 807 hot?")
        return {"results": [], "done": [], "rounds": 0, "until": time.monotonic() + self.budget_s}

    def link(self, state: State) -> State:
        """Entities, time and intent, always deterministic; then who goes on: template, playbook or model."""
        plan = self.planner.plan(state["question"], state.get("context", ()), self.previous)
        mode = "model" if self.model and reaches_model(plan) else "playbook"
        plan = replace(plan, mode=mode)
        _write(Understood(plan))
        steps = list(plan.steps)[: 2 * MAX_PARALLEL] if reaches_model(plan) else []
        return {"plan": plan, "mode": mode, "wanted": steps}

    async def look(self, state: State) -> State:
        """Runs the wanted tools in parallel and hands their summaries to the model, if one asked."""
        wanted = state["wanted"]
        found = await look(self.box, wanted, state["results"], _write)
        update: State = {
            "results": [*state["results"], *found],
            "done": [*state["done"], *wanted],
            "wanted": [],
        }
        if state["mode"] == "model":
            answers = [_answer_to(call, found) for call in enumerate(state["calls"])]
            update |= {"messages": [*state["messages"], *answers], "rounds": state["rounds"] + 1}
        return update

    async def think(self, state: State) -> State:
        """One completion: tools to call, or the answer. A silent model turns the run to its playbook."""
        messages = state.get("messages") or self._opening.messages(
            state["plan"], state["question"], now=self.box.now, context=state.get("context", ())
        )
        try:
            text, calls = await self._hear(messages, state)
        except PlantroomError as silence:
            return self._fallen_back(state, silence) | {"silent": True}
        if not calls or _spent(state):  # calls of tools that were not offered are not made
            return {"messages": messages, "text": text, "wanted": []}
        if text:
            _write(Token("", restart=True))
        steps = [Step(call.name, call.args if call.args is not None else {}) for call in calls]
        said = {
            "role": "assistant",
            "content": text or None,
            "tool_calls": [_echo(c) for c in calls],
        }
        return {"messages": [*messages, said], "wanted": steps, "calls": calls}

    def verify(self, state: State) -> State:
        """Every number of the model's text must be bound; asked again once, then marked."""
        text = state["text"].strip() if _UNSAID.sub("", state["text"]).strip(_MARKS) else ""
        wrong = ungrounded(text, self.bound(state)) if text else []
        if (wrong or not text) and not state.get("asked_again"):
            listed = ", ".join(one.text for one in wrong) or "(there was no answer)"
            _write(Token("", restart=True))
            again = {"role": "user", "content": prompt("again", numbers=listed)}
            said = {"role": "assistant", "content": text}
            return {"messages": [*state["messages"], said, again], "asked_again": True, "text": ""}
        if not text:
            return self._fallen_back(state, ModelSilent("the model gave no answer"))
        return self._settled(state, text, wrong)

    def tell(self, state: State) -> State:
        """The playbook's answer from what its own steps found, or from all there is if it has none."""
        plan = state["plan"]
        pairs = list(zip(state["done"], state["results"], strict=True))
        own = [result for step, result in pairs if step in plan.steps]
        told = tell_playbook(
            state["question"].text, plan, own or state["results"], self.box.building, self.box.now
        )
        wrong = unbound(told.text, self.bound(state))
        text = marked(told.text, wrong)
        _write(Token(text))
        return {
            "text": text,
            "follow_ups": told.follow_ups,
            "ungrounded": tuple(one.text for one in wrong),
        }

    def bound(self, state: State) -> Bound:
        """What this run may show."""
        question = state["question"]
        return Bound.of(
            self.box.building, state["plan"], state["results"], now=self.box.now, said=question.text
        )

    def _settled(self, state: State, text: str, wrong: Sequence[Ungrounded]) -> State:
        if wrong:
            text = marked(text, wrong)
            _write(Note("Some numbers could not be traced to a measurement; they are marked."))
            _write(Token(text, restart=True))
        told = tell_playbook(
            state["question"].text, state["plan"], [], self.box.building, self.box.now
        )
        return {
            "text": text,
            "follow_ups": told.follow_ups,
            "ungrounded": tuple(one.text for one in wrong),
        }

    async def _hear(self, messages: list[Message], state: State) -> tuple[str, list[ToolCall]]:
        """Streams one completion; tokens are told as they come."""
        if self.model is None or self.able is None:
            raise ModelSilent("no language model is set up", hint="set its URL")
        first = state["rounds"] == 0 and not state.get("asked_again")
        by_schema = not self.able.tools
        how = self._how(state, first=first)
        text, calls = "", list[ToolCall]()
        async for piece in self.model.stream(_fitting(messages, self.able.context), **how):
            if time.monotonic() > state["until"]:
                raise ModelSilent(f"the model used up {self.budget_s:.0f} s", hint="ask for less")
            if isinstance(piece, Text):
                text += piece.text
                if not (by_schema and first):
                    _write(Token(piece.text))
            elif isinstance(piece, ToolCall):
                calls.append(piece)
        if by_schema and first:
            return "", _planned(text)
        return text, _once(calls)

    def _how(self, state: State, *, first: bool) -> dict[str, Any]:
        """Tools are demanded in the first round, offered later, and gone when rounds are used up."""
        if self.able is not None and not self.able.tools:
            return {"schema": _STEPS} if first else {}
        choice = "required" if first else "none" if _spent(state) else "auto"
        return {"tools": self._opening.tools(), "choice": choice}

    def _fallen_back(self, state: State, silence: PlantroomError) -> State:
        """On to the playbook: its own steps that have not run yet, then its answer."""
        clock = show_time(self.box.now, self.box.zone, self.box.now)
        _write(
            Note(
                f"The language model gave up at {clock}: {silence}. This answer comes from the playbook."
            )
        )
        _write(Token("", restart=True))
        plan = replace(state["plan"], mode="playbook")
        left = [step for step in plan.steps if step not in state["done"]]
        return {"plan": plan, "mode": "playbook", "wanted": left, "text": "", "asked_again": True}


_UNSAID: Final = re.compile(r"<tool_call>.*?(</tool_call>|$)|<[^<>]*>", re.DOTALL)
_MARKS: Final = f"{string.punctuation}{string.whitespace}"
"""Where nothing but calls that no parser took, tags and marks is left, there is no answer."""


def _spent(state: State) -> bool:
    """No more looking: the rounds are used up, or the answer is being asked for again."""
    return state["rounds"] >= MAX_ROUNDS or state.get("asked_again", False)


def _write(event: Event) -> None:
    get_stream_writer()(event)


def _answer_to(numbered: tuple[int, ToolCall], found: Sequence[ToolResult]) -> Message:
    place, call = numbered
    content = found[place].summary
    if call.args is None:
        content = (
            f"the arguments are not a JSON object: {call.raw[:200]!r}; call again with valid JSON"
        )
    return {"role": "tool", "tool_call_id": call.id, "content": content}


def _echo(call: ToolCall) -> Mapping[str, Any]:
    arguments = json.dumps(call.args, ensure_ascii=False) if call.args is not None else "{}"
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _once(calls: Sequence[ToolCall]) -> list[ToolCall]:
    """Each call once, at most `MAX_PARALLEL`."""
    unique = {(call.name, call.raw): call for call in calls}
    return list(unique.values())[:MAX_PARALLEL]


def _planned(text: str) -> list[ToolCall]:
    """Steps written as JSON. Raises ModelSilent when they are not."""
    try:
        steps = json.loads(text)["steps"]
        calls = [
            ToolCall(f"P{n}", str(s["tool"]), dict(s["args"]), json.dumps(s))
            for n, s in enumerate(steps)
        ]
    except (ValueError, LookupError, TypeError, RecursionError) as cause:
        raise ModelSilent(
            "the model's plan is not JSON", hint="use a model that follows a schema"
        ) from cause
    return _once(calls)


_STEPS: Final = {
    "type": "object",
    "properties": {
        "steps": {
            "type": "array",
            "maxItems": 4,
            "items": {
                "anyOf": [
                    {
                        "type": "object",
                        "properties": {
                            "tool": {"type": "string", "enum": [name]},
                            "args": tool.json_schema()["function"]["parameters"],
                        },
                        "required": ["tool", "args"],
                        "additionalProperties": False,
                    }
                    for name, tool in TOOLS.items()
                ]
            },
        }
    },
    "required": ["steps"],
    "additionalProperties": False,
}


def _fitting(messages: Sequence[Message], context: int) -> list[Message]:
    """Messages that leave half the window free: the longest tool results are cut first."""
    kept = [dict(message) for message in messages]
    room = context * CHARS_PER_TOKEN // 2 if context else 60_000
    for _ in range(40):
        tools = [m for m in kept if m["role"] == "tool"]
        if sum(len(str(m.get("content") or "")) for m in kept) <= room or not tools:
            break
        longest = max(tools, key=lambda m: len(m["content"]))
        longest["content"] = (
            longest["content"][: max(200, len(longest["content"]) // 2)] + "\n(cut)"
        )
    return list(kept)


async def stream(
    conversation: Conversation, question: Question, context: Sequence[str] = ()
) -> AsyncIterator[Event | State]:
    """Events of a run as they happen; the last item is the run's final state."""
    start: State = {"question": question, "context": tuple(context)}
    graph, final = _compiled(conversation), start
    async for kind, item in graph.astream(
        start, {"recursion_limit": 6 * MAX_ROUNDS}, stream_mode=["custom", "values"]
    ):
        if kind == "custom":
            yield cast("Event", item)
        else:
            final = cast("State", item)
    yield final


def _compiled(conversation: Conversation) -> CompiledStateGraph[State, None, State, State]:
    graph = StateGraph(State)
    graph.add_node("guard", conversation.guard)
    graph.add_node("link", conversation.link)
    graph.add_node("look", conversation.look)
    graph.add_node("think", conversation.think)
    graph.add_node("verify", conversation.verify)
    graph.add_node("tell", conversation.tell)
    graph.add_edge(START, "guard")
    graph.add_edge("guard", "link")
    graph.add_conditional_edges("link", _after_link, ["think", "look", "tell"])
    graph.add_conditional_edges("look", _after_look, ["think", "tell"])
    graph.add_conditional_edges("think", _after_think, ["look", "verify", "tell"])
    graph.add_conditional_edges("verify", _after_verify, ["think", "look", "tell", END])
    graph.add_edge("tell", END)
    return graph.compile()


def _after_look(state: State) -> str:
    return "think" if state["mode"] == "model" else "tell"


def _after_link(state: State) -> str:
    if state["mode"] == "model":
        return "think"
    return "look" if state["wanted"] else "tell"


def _after_think(state: State) -> str:
    if state["wanted"]:
        return "look"
    return "verify" if state["mode"] == "model" else "tell"


def _after_verify(state: State) -> str:
    if state["mode"] == "model":
        return END if "follow_ups" in state else "think"
    return "look" if state["wanted"] else "tell"
