# The work of the peers in NumPy, asked by lines of JSON on stdin, answered by lines on stdout.
# Layout and formulas are the course's: one example per column. The first argument is the dtype.
import base64
import ctypes
import glob
import json
import os
import sys

import numpy as np


dtype = np.dtype(sys.argv[1]).type


def array(text, *shape):
    return np.frombuffer(base64.b64decode(text), dtype=np.float32).reshape(shape).astype(dtype)


def core():
    """The processor for which OpenBLAS has chosen its code, where it says so."""
    try:
        [path] = glob.glob(os.path.join(np.__path__[0], "..", "numpy.libs", "*openblas*"))
        name = ctypes.CDLL(path).scipy_openblas_get_corename64_
        name.restype = ctypes.c_char_p
        return f", OpenBLAS for {name().decode()}"
    except (ValueError, OSError, AttributeError):
        return ""


def descend(work, weights):
    alpha = dtype(work["alpha"])

    def update(gradients):
        for w, g in zip(weights, gradients):
            w -= alpha * g

    return update


def adam(work, weights):
    # Algorithm 1 of Kingma and Ba.
    rate, beta1, beta2, epsilon = (work["adam"][k] for k in ("rate", "beta1", "beta2", "epsilon"))
    ms, vs = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    t = 0

    def update(gradients):
        nonlocal t
        t += 1
        for w, m, v, g in zip(weights, ms, vs, gradients):
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * (g * g)
            w -= rate * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + epsilon)

    return update


def start_net(work):
    layers, m = work["layers"], work["m"]
    # Examples that are rows in memory are columns of the transpose, as in the course's own code.
    X = array(work["X"], m, layers[0]).T if work["layout"] == "rows" else array(work["X"], layers[0], m)
    Y = array(work["Y"], layers[-1], m)
    W = [array(w, layers[i + 1], layers[i]) for i, w in enumerate(work["weights"])]
    b = [np.zeros((units, 1), dtype) for units in layers[1:]]
    last, tanh = len(W) - 1, work["hidden"] == "tanh"
    update = (adam if work["optimizer"] == "adam" else descend)(work, W + b)

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
        dZ = (probabilities(Z) - Y) / dtype(m)
        dW, db = [None] * len(W), [None] * len(W)
        for i in range(last, -1, -1):
            dW[i], db[i] = dZ @ A[i].T, dZ.sum(axis=1, keepdims=True)
            if i > 0:
                dA = W[i].T @ dZ
                dZ = dA * (1 - A[i] * A[i]) if tanh else dA * (A[i] > 0)
        update(dW + db)

    def check():
        costs = []
        for _ in range(work["checked"]):
            costs.append(cost())
            step()
        return costs

    return check, step


def start_product(work):
    A, B = array(work["A"], *work["shapes"][0]), array(work["B"], *work["shapes"][1])
    left = A.T if work["transposed"] == "left" else A
    right = B.T if work["transposed"] == "right" else B
    C = left @ right

    def step():
        np.matmul(left, right, out=C)

    def check():
        step()
        return [float(C.flat[i]) for i in work["places"]]

    return check, step


check = step = None
print(json.dumps(f"{np.__version__}{core()}"), flush=True)
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
