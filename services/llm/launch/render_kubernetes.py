"""Kubernetes: a Deployment and a Service per replica, the gateway before them, and nothing may leave the namespace.

The kubelet is the supervisor: it starts a container again whose canary completion fails. A replica over several machines is
two StatefulSets on Ray, because that needs no operator on an offline site; the head's canary covers the whole group.
"""

from __future__ import annotations

import math
from pathlib import PurePosixPath
from typing import Any

from ontology.errors import BadRequest
from services.llm.box import Box, Replica
from services.llm.launch.command import Command, ray_worker
from services.llm.launch.containers import (
    CACHE,
    CANARY,
    SCRIPTS,
    USER,
    gateway_box,
    image,
    inside,
    label,
    mounts,
    probe,
)
from services.llm.launch.manifests import yaml_file

SPACE = "plantroom-llm"
PROBE_S = 10
_GATEWAY = "gateway"
_HEAD = 'ray start --head --node-ip-address="$VLLM_HOST_IP" --port="$0" --disable-usage-stats --include-dashboard=false && exec "$@"'
_OF_REPLICAS = [
    {"key": "app.kubernetes.io/component", "operator": "In", "values": ["replica", "worker"]}
]
_CLOSED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def kubernetes(box: Box) -> dict[str, str]:
    """File name to text. Raises BadRequest where the weights are not inside the volume claim."""
    own = [] if box.engine.kind == "external" else list(box.replicas)
    for path in mounts(box) if own else []:
        if not PurePosixPath(path).is_relative_to(box.deploy.claim_root):
            raise BadRequest(f"{path} is not below {box.deploy.claim_root}, which the claim {box.deploy.claim!r} holds", hint="set deploy.claim_root, or move the weights")  # fmt: skip
    files = {"00-space.yaml": yaml_file(_space(box)), "10-gateway.yaml": yaml_file(_gateway(box))}
    files |= {f"20-{label(replica)}.yaml": yaml_file(_group(box, replica)) for replica in own}
    return {**files, "README.md": _read_me(box)}


def plain(value: Any) -> Any:
    """Text that Kubernetes does not fill in: every dollar doubled, since `$(NAME)` names a variable and `$$` is a dollar."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _space(box: Box) -> list[Any]:
    inside_only: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [
        {"to": [{"podSelector": {}}]},
        {"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}],
         "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
    ]}  # fmt: skip
    to_replicas = {"podSelector": {"matchExpressions": _OF_REPLICAS}, "policyTypes": ["Ingress"],
                   "ingress": [{"from": [{"podSelector": {}}]}]}  # fmt: skip
    found = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}]
    if box.engine.kind != "external":
        found += [
            _thing("networking.k8s.io/v1", "NetworkPolicy", "llm-nothing-leaves", inside_only),
            _thing(
                "networking.k8s.io/v1", "NetworkPolicy", "llm-replicas-behind-gateway", to_replicas
            ),
        ]
    if box.engine.kind != "external":
        rest = {"maxUnavailable": 1, "selector": {"matchExpressions": _OF_REPLICAS}}
        found.append(_thing("policy/v1", "PodDisruptionBudget", "llm-one-at-a-time", rest))
    scripts = _thing("v1", "ConfigMap", "llm-scripts", None)
    return [*found, {**scripts, "data": {"canary.py": CANARY.read_text(encoding="utf-8")}}]


def _gateway(box: Box) -> list[Any]:
    port, labels = box.gateway.port, _labels(_GATEWAY, "gateway")
    container = {
        "name": "gateway", "image": box.deploy.plantroom_image,
        "command": ["plantroom", "llm", "gateway", "/etc/plantroom/box.toml"],
        "envFrom": [{"secretRef": {"name": SPACE, "optional": True}}],
        "ports": [{"name": "http", "containerPort": port}],
        # alive is not ready: a gateway without replicas is restarted in vain
        "livenessProbe": {"tcpSocket": {"port": port}, "periodSeconds": PROBE_S, "failureThreshold": 3},
        "readinessProbe": {"httpGet": {"path": "/health", "port": port}, "periodSeconds": 5, "timeoutSeconds": 5},
        "resources": {"requests": {"cpu": "1", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
        "securityContext": _CLOSED,
        "volumeMounts": [{"name": "box", "mountPath": "/etc/plantroom", "readOnly": True}, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108  (the container's own)
    }  # fmt: skip
    pod = _pod(
        box,
        [container],
        [{"name": "box", "configMap": {"name": "llm-box"}}, {"name": "tmp", "emptyDir": {}}],
    )
    return [
        {**_thing("v1", "ConfigMap", "llm-box", None), "data": {"box.toml": gateway_box(box).to_toml()}},
        _thing("apps/v1", "Deployment", _GATEWAY, _of_one(labels, pod, {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}})),
        _service(_GATEWAY, labels, port),
    ]  # fmt: skip


def _group(box: Box, replica: Replica) -> list[Any]:
    """All objects of one replica."""
    name, labels = label(replica), _labels(label(replica), "replica")
    if replica.nodes > 1:
        return _over_ray(box, replica)
    pod = _engine_pod(box, replica, inside(box, replica))
    # GPUs are not given twice: the old one goes before the new one comes
    return [_thing("apps/v1", "Deployment", name, _of_one(labels, pod, {"type": "Recreate"})), _service(name, labels, replica.port)]  # fmt: skip


def _over_ray(box: Box, replica: Replica) -> list[Any]:
    """A head that serves and its workers; Ray meets on the head's own name, whatever address its pod has."""
    name = label(replica)
    head, workers = _labels(name, "replica"), _labels(f"workers-{name}", "worker")
    meet = f"head-{name}"
    there = replica.model_copy(update={"host": meet})
    made = inside(box, replica)
    served = Command(("sh", "-c", _HEAD, str(replica.ray_port), *made.argv), made.env)
    joins = ray_worker(
        box.model_copy(update={"engine": box.engine.model_copy(update={"command": ("vllm",)})}),
        there,
    )
    joined = Command(joins.argv, made.env)
    own_ip = {"name": "VLLM_HOST_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    pods = []
    for each, probed in ((served, True), (joined, False)):
        pod = _engine_pod(box, replica, each, probed=probed)
        pod["containers"][0]["env"] = [own_ip, {"name": "RAY_ADDRESS", "value": f"{meet}:{replica.ray_port}"}] + [
            one for one in pod["containers"][0]["env"] if one["name"] not in {"VLLM_HOST_IP", "RAY_ADDRESS"}
        ]  # fmt: skip
        pods.append(pod)
    # the head's name must be known before it is ready: its workers are what it waits for
    quiet = {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": head,
        "ports": [{"name": "ray", "port": replica.ray_port}],
    }
    stateful = {"podManagementPolicy": "Parallel", "updateStrategy": {"type": "OnDelete"}}
    return [
        _thing("v1", "Service", meet, quiet),
        _service(name, head, replica.port),
        _thing("apps/v1", "StatefulSet", name, {"serviceName": meet, "replicas": 1, **stateful, **_matched(head, pods[0])}),
        _thing("apps/v1", "StatefulSet", f"workers-{name}", {"serviceName": meet, "replicas": replica.nodes - 1, **stateful, **_matched(workers, pods[1])}),
    ]  # fmt: skip


def _engine_pod(
    box: Box, replica: Replica, made: Command, *, probed: bool = True
) -> dict[str, Any]:
    gpus = {"nvidia.com/gpu": str(len(replica.gpus))} if replica.gpus else {}
    patience = math.ceil(box.watch.canary_s) + 7  # and the script's two looks at the counters
    alive = {
        "exec": {"command": plain(probe(box, replica))},
        "periodSeconds": PROBE_S,
        "timeoutSeconds": patience,
    }
    starts = {**alive, "exec": {"command": plain(probe(box, replica, tool=True))},
              "failureThreshold": max(1, math.ceil(box.watch.start_s / PROBE_S))}  # fmt: skip
    container = {
        "name": "engine", "image": image(box), "command": plain(list(made.argv)),
        "env": [{"name": name, "value": plain(value)} for name, value in made.env.items()],
        "envFrom": [{"secretRef": {"name": SPACE, "optional": True}}],
        "ports": [{"name": "http", "containerPort": replica.port}] if probed else [],
        **({"startupProbe": starts, "livenessProbe": {**alive, "failureThreshold": 2}} if probed else {}),
        "resources": {"limits": gpus},
        "securityContext": _CLOSED,
        "volumeMounts": [
            {"name": "models", "mountPath": box.deploy.claim_root, "readOnly": True},
            {"name": "scripts", "mountPath": SCRIPTS, "readOnly": True}, {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108  (as above)
            {"name": "cache", "mountPath": CACHE}, {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  (as above)
        ],
    }  # fmt: skip
    return _pod(box, [container], [
        {"name": "models", "persistentVolumeClaim": {"claimName": box.deploy.claim, "readOnly": True}},
        {"name": "scripts", "configMap": {"name": "llm-scripts"}},
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": f"{box.deploy.shm_gib}Gi"}},
        {"name": "cache", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}},
    ])  # fmt: skip


def _pod(box: Box, containers: list[Any], volumes: list[Any]) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        # a Service called vllm would otherwise set VLLM_PORT to a URL
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": math.ceil(box.watch.drain_s) + 30,
        "securityContext": {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER,
                            "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": containers, "volumes": volumes,
    }  # fmt: skip


def _thing(api: str, kind: str, name: str, spec: dict[str, Any] | None) -> dict[str, Any]:
    found = {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": SPACE, "labels": {"app.kubernetes.io/part-of": SPACE}}}  # fmt: skip
    return found if spec is None else {**found, "spec": spec}


def _labels(name: str, component: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}


def _matched(labels: dict[str, str], pod: dict[str, Any]) -> dict[str, Any]:
    return {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }


def _of_one(
    labels: dict[str, str], pod: dict[str, Any], strategy: dict[str, Any]
) -> dict[str, Any]:
    return {"replicas": 1, "strategy": strategy, **_matched(labels, pod)}


def _service(name: str, labels: dict[str, str], port: int) -> dict[str, Any]:
    return _thing("v1", "Service", name, {"selector": labels, "ports": [{"name": "http", "port": port, "targetPort": port}]})  # fmt: skip


def _read_me(box: Box) -> str:
    return (
        "# Install\n\n"
        f"Needs NVIDIA's device plugin, the images `{box.deploy.plantroom_image}` and the engine's in your registry, and a volume claim\n"
        f"`{box.deploy.claim}` in the namespace `{SPACE}` that holds what lies in `{box.deploy.claim_root}`, readable by all.\n\n"
        f"    kubectl apply -f 00-space.yaml && kubectl apply -f .\n"
        f"    kubectl -n {SPACE} create secret generic {SPACE} --from-literal=VLLM_API_KEY=...    # only where keys are shown\n"
        f"    kubectl -n {SPACE} get pods\n\n"
        f"A drain of nodes ends one replica at a time (PodDisruptionBudget). Restart one:\n`kubectl -n {SPACE} delete pod -l app.kubernetes.io/name=NAME`.\n"
    )  # fmt: skip
