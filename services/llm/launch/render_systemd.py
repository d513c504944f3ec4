"""systemd: a hardened unit for the gateway and one per replica, whose main program is its supervisor.

A unit holds a supervisor and the engine that it starts. A vLLM whose worker was killed stays alive and answers 503, and one
whose worker is frozen answers 200: systemd's Restart= sees neither. The supervisor does; Restart= is there for the supervisor.
"""

from __future__ import annotations

from services.llm.box import Box, Replica
from services.llm.launch.command import Command, ray_head, ray_worker

BOX = "/etc/plantroom/box.toml"
STATE = "/var/lib/plantroom-llm"
SECRETS = "/etc/plantroom/llm.env"
NODE = "/etc/plantroom/llm-node.env"
_PRIVATE = "localhost 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 fc00::/7 fe80::/10"
_HARD = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
UMask=0077
"""
_GPUS = """\
# kernels are compiled while it runs: no MemoryDenyWriteExecute; GPUs and InfiniBand are devices: no PrivateDevices
DevicePolicy=closed
DeviceAllow=char-nvidia* rw
DeviceAllow=char-infiniband* rw
LimitMEMLOCK=infinity
LimitNOFILE=1048576
TasksMax=infinity
"""


def systemd(box: Box) -> dict[str, str]:
    """File name to text: units, the box file they read, and how to install them."""
    replicas = [] if box.engine.kind == "external" else list(box.replicas)
    files = {
        "box.toml": box.to_toml(),
        "plantroom-llm.target": _target(box),
        "plantroom-llm-gateway.service": _gateway(box),
    }
    files |= {_unit(replica): _replica(box, replica) for replica in replicas}
    for replica in replicas:
        if replica.nodes > 1:
            files[f"plantroom-llm-ray-{replica.name}.service"] = _ray(
                box, ray_head(box, replica), replica, "first machine"
            )
            files[f"other-machines/plantroom-llm-ray-{replica.name}.service"] = _ray(box, ray_worker(box, replica), replica, "further machine")  # fmt: skip
    return {**files, "INSTALL.md": _install(box, files)}


def quoted(words: tuple[str, ...] | list[str]) -> str:
    """Words of ExecStart=: quotes and backslashes by systemd.syntax(7), percent and dollar doubled."""
    return " ".join(f'"{_escape(word).replace("$", "$$")}"' for word in words)


def variable(name: str, value: str) -> str:
    """One Environment= line; a dollar is plain there."""
    return f'Environment="{name}={_escape(value)}"\n'


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _unit(replica: Replica) -> str:
    return f"plantroom-llm-replica-{replica.name}.service"


def _target(box: Box) -> str:
    units = ["plantroom-llm-gateway.service"]
    if box.engine.kind != "external":
        units += [_unit(replica) for replica in box.replicas]
    return (
        f"[Unit]\nDescription=Language model {box.served.name}: gateway and replicas\nWants={' '.join(units)}\n\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )  # fmt: skip


def _gateway(box: Box) -> str:
    watch = "--unwatched" if box.engine.kind == "external" else "--supervised"
    reach = "" if box.engine.kind == "external" else _reach(alone=box.gateway.host in {"127.0.0.1", "localhost", "::1"} and _alone(box))  # fmt: skip
    watch = "--unwatched" if box.engine.kind == "external" else "--supervised"
    return (
        f"[Unit]\nDescription=Language model {box.served.name}: gateway\nAfter=network-online.target\nWants=network-online.target\n"
        "PartOf=plantroom-llm.target\n\n[Service]\nType=exec\n"
        f"ExecStart={quoted([box.deploy.plantroom, 'llm', 'gateway', BOX, '--state', STATE, watch])}\n"
        f"{_common(box)}TimeoutStopSec={box.watch.drain_s + 30:.0f}\nRestart=always\nRestartSec=2\nLimitNOFILE=1048576\n"
        f"PrivateDevices=yes\nMemoryDenyWriteExecute=yes\n{_HARD}{reach}"
    )  # fmt: skip


def _replica(box: Box, replica: Replica) -> str:
    ray = f"plantroom-llm-ray-{replica.name}.service" if replica.nodes > 1 else ""
    needs = f"Requires={ray}\nAfter={ray}\n" if ray else ""
    return (
        f"[Unit]\nDescription=Language model {box.served.name}: replica {replica.name}, its supervisor and its engine\n"
        "After=network-online.target nvidia-persistenced.service plantroom-llm-gateway.service\n"
        f"Wants=network-online.target plantroom-llm-gateway.service\nPartOf=plantroom-llm.target\n{needs}\n"
        "[Service]\nType=exec\n"
        f"ExecStart={quoted([box.deploy.plantroom, 'llm', 'serve', BOX, '--replica', replica.name, '--state', STATE])}\n"
        "# The supervisor restarts its engine as a whole. This is for the supervisor: it does not notice a killed or frozen worker.\n"
        "Restart=always\nRestartSec=5\n"
        "# SIGTERM goes to the supervisor, which drains; what is left after that is killed with it\n"
        f"KillMode=mixed\nTimeoutStopSec={box.watch.drain_s + 60:.0f}\n"
        "# a worker that the kernel ended for memory is the supervisor's business\nOOMPolicy=continue\n"
        f"{_common(box)}{_GPUS}{_HARD}{_reach(alone=replica.nodes == 1)}"
    )  # fmt: skip


def _ray(box: Box, made: Command, replica: Replica, which: str) -> str:
    variables = "".join(variable(name, value) for name, value in sorted(made.env.items()))
    node = (
        f"# this machine's own address: VLLM_HOST_IP=10.0.0.2\nEnvironmentFile={NODE}\n"
        if "VLLM_HOST_IP" not in made.env
        else ""
    )
    return (
        f"[Unit]\nDescription=Ray of replica {replica.name}, {which}\nAfter=network-online.target nvidia-persistenced.service\n"
        "Wants=network-online.target\nPartOf=plantroom-llm.target\n\n[Service]\nType=exec\n"
        f"ExecStart=/usr/bin/env {quoted(made.argv)}\n{variables}{node}"
        "# it ends when its head is gone, and joins the next one\nRestart=always\nRestartSec=5\nKillMode=control-group\n"
        f"{_common(box)}{_GPUS}{_HARD}{_reach(alone=False)}\n[Install]\nWantedBy=multi-user.target\n"
    )  # fmt: skip


def _common(box: Box) -> str:
    """User, folders it may write, and secrets, which are in a file of root's."""
    return (
        f"User={box.deploy.user}\nEnvironmentFile=-{SECRETS}\nStateDirectory=plantroom-llm\nCacheDirectory=plantroom-llm\n"
        "StateDirectoryMode=0750\nCacheDirectoryMode=0750\nWorkingDirectory=/var/lib/plantroom-llm\n"
        "Environment=HOME=/var/lib/plantroom-llm\nEnvironment=XDG_CACHE_HOME=/var/cache/plantroom-llm\n"
        "Environment=HF_HOME=/var/lib/plantroom-llm/huggingface\n"
    )  # fmt: skip


def _reach(*, alone: bool) -> str:
    """The kernel itself lets nothing leave: loopback only, or private networks only."""
    return f"IPAddressDeny=any\nIPAddressAllow={'localhost' if alone else _PRIVATE}\n"


def _alone(box: Box) -> bool:
    return all(replica.nodes == 1 for replica in box.replicas)


def _install(box: Box, files: dict[str, str]) -> str:
    units = [name for name in files if name.endswith((".service", ".target")) and "/" not in name]
    starts = [name for name in units if name.endswith(".target") or "-ray-" in name]
    others = any("/" in name for name in files)
    more = (
        "\nOn each further machine: its own `/etc/plantroom/llm-node.env` with `VLLM_HOST_IP=` its address, then the unit in\n"
        "`other-machines/`. Each machine needs the same engine, the same version of Ray and the weights in the same folder.\n"
    )
    return (
        "# Install as root\n\n"
        f"    id {box.deploy.user} || useradd --system --home-dir /var/lib/plantroom-llm --groups video {box.deploy.user}\n"
        f"    install -D -m 644 box.toml {BOX}\n"
        f"    touch {SECRETS} && chmod 600 {SECRETS}    # VLLM_API_KEY=... where clients must show one\n"
        f"    {box.deploy.plantroom} llm preflight {BOX}\n"
        f"    install -m 644 {' '.join(units)} /etc/systemd/system/\n"
        f"    systemctl daemon-reload && systemctl enable --now {' '.join(starts)}\n"
        f"    runuser -u {box.deploy.user} -- {box.deploy.plantroom} llm status {BOX} --state {STATE}\n\n"
        f"One after the other, drained first: `plantroom llm restart {BOX} --rolling --state {STATE}`. Clients must show a key where the\n"
        "gateway has `--client-key FILE`: `systemctl edit plantroom-llm-gateway`.\n" + (more if others else "")
    )  # fmt: skip
