"""llama.cpp's server on a GGUF file, from the wheel xllamacpp; runs in an environment that has nothing else.

    build/llamacpp/bin/python benchmarks/llamacpp_server.py MODEL.gguf PORT

One thread: llama.cpp's threads wait for each other by spinning, so on cores that others use too, more are slower.
"""

import sys
import threading

import xllamacpp

parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.port = int(sys.argv[2])
parameters.n_parallel = 4
parameters.n_ctx = 4 * 1024
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
threading.Event().wait()
