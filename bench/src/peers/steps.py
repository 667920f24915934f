# The work of the peers in NumPy, asked by lines of JSON on stdin, answered by lines on stdout.
# Layout and formulas are the course's: one example per column, float32.
import base64
import json
import sys

import numpy as np


def array(text, *shape):
    return np.frombuffer(base64.b64decode(text), dtype=np.float32).reshape(shape).copy()


def start_net(work):
    layers, m, alpha = work["layers"], work["m"], np.float32(work["alpha"])
    X, Y = array(work["X"], layers[0], m), array(work["Y"], layers[-1], m)
    W = [array(w, layers[i + 1], layers[i]) for i, w in enumerate(work["weights"])]
    b = [np.zeros((units, 1), np.float32) for units in layers[1:]]
    last, tanh = len(W) - 1, work["hidden"] == "tanh"

    def forward():
        A = [X]
        for i in range(last):
            Z = W[i] @ A[i] + b[i]
            A.append(np.tanh(Z) if tanh else np.maximum(Z, 0))
        return A, W[last] @ A[last] + b[last]

    def probabilities(Z):
        if layers[-1] == 1:
            return 1 / (1 + np.exp(-Z))
        e = np.exp(Z - Z.max(axis=0, keepdims=True))
        return e / e.sum(axis=0, keepdims=True)

    def cost():
        _, Z = forward()
        if layers[-1] == 1:
            return float(np.mean(np.logaddexp(0, Z) - Y * Z))
        return float(-np.mean(np.sum(Y * np.log(probabilities(Z)), axis=0)))

    def step():
        A, Z = forward()
        dZ = (probabilities(Z) - Y) / np.float32(m)
        for i in range(last, -1, -1):
            dW, db = dZ @ A[i].T, dZ.sum(axis=1, keepdims=True)
            if i > 0:
                dA = W[i].T @ dZ
                dZ = dA * (1 - A[i] * A[i]) if tanh else dA * (A[i] > 0)
            W[i] -= alpha * dW
            b[i] -= alpha * db

    def check():
        costs = []
        for _ in range(work["checked"]):
            costs.append(cost())
            step()
        return costs

    return check, step


def start_product(work):
    n = work["size"]
    A, B, C = array(work["A"], n, n), array(work["B"], n, n), np.empty((n, n), np.float32)
    left = A.T if work["transposed"] else A

    def step():
        np.matmul(left, B, out=C)

    def check():
        step()
        return [float(C.flat[i]) for i in work["places"]]

    return check, step


check = step = None
print(json.dumps(np.__version__), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    answer = None
    if message["ask"] == "start":
        check, step = (start_net if message["kind"] == "net" else start_product)(message)
    elif message["ask"] == "check":
        answer = check()
    else:
        for _ in range(message["n"]):
            step()
    print(json.dumps(answer), flush=True)
