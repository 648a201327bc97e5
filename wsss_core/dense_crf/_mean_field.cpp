// Mean-field inference of a dense CRF (Krähenbühl & Koltun, NeurIPS 2011) for several energies of one image at once.
//
// A vertex of the lattice carries all labels of all energies side by side, so that the lattice is made, walked and
// blurred once for all of them; only the softmax is taken energy by energy. Results do not depend on the processor or
// the compiler: no operation is reordered or fused (see setup.py for the options).

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "permutohedral.h"

namespace {

using permutohedral::Corner;
using permutohedral::Lattice;
using permutohedral::Quad;

// --- softmax ---------------------------------------------------------------------------------------------------------

constexpr int BLOCK = 8;  // quads of pixels that are worked on together, channel by channel
constexpr int BLOCK_PIXELS = 4 * BLOCK;

// exp(x) for x <= 0 within 1e-7 of its value, not below exp(-87): 2^n exp(r), a polynomial for |r| <= ln(2)/2
// (coefficients of Cephes' expf).
inline Quad exponential(Quad x) {
    typedef std::int32_t Integers __attribute__((vector_size(16)));
    x = x < -87.0f ? Quad{} - 87.0f : x;
    const Integers n = __builtin_convertvector(x * 1.44269504f - 0.5f, Integers);
    const Quad whole = __builtin_convertvector(n, Quad);
    const Quad r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;  // ln(2) in two parts, the first exact
    Quad p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    return p * reinterpret_cast<Quad>((n + 127) << 23);
}

// In place on (labels, BLOCK).
void softmax(Quad* block, int labels) {
    for (int b = 0; b < BLOCK; ++b) {
        Quad top = block[b], sum{};
        for (int k = 1; k < labels; ++k) {
            const Quad value = block[k * BLOCK + b];
            top = top < value ? value : top;
        }
        for (int k = 0; k < labels; ++k) sum += block[k * BLOCK + b] = exponential(block[k * BLOCK + b] - top);
        const Quad share = 1.0f / sum;
        for (int k = 0; k < labels; ++k) block[k * BLOCK + b] *= share;
    }
}

// --- inference -------------------------------------------------------------------------------------------------------

struct Problem {
    const float* unary;  // (energies, labels, pixels)
    float* result;       // the same
    std::size_t pixels;
    int energies, labels, iterations;
};

void send_messages(std::vector<Lattice>& lattices, int quads) {
    for (Lattice& lattice : lattices) {
        permutohedral::blur(lattice, quads);
        std::swap(lattice.values, lattice.message);
        std::fill(lattice.values.begin(), lattice.values.end(), Quad{});
    }
}

// Reads the last messages of all kernels: block (channels, BLOCK_PIXELS) += sum of scale * filtered marginals.
void add_messages(const std::vector<Lattice>& lattices, std::size_t start, int count, int quads, float* block) {
    for (int b = 0; b < count; ++b)
        for (int q = 0; q < quads; ++q) {
            Quad sum{};
            for (const Lattice& lattice : lattices) {
                const Corner* corner = &lattice.corners[(start + b) * lattice.corner_count];
                const Quad* message = lattice.message.data() + q;
                for (int k = 0; k < lattice.corner_count; ++k, ++corner)
                    sum += corner->weight * lattice.scale * message[static_cast<std::size_t>(corner->vertex) * quads];
            }
            for (int c = 0; c < 4; ++c) block[(4 * q + c) * BLOCK_PIXELS + b] += sum[c];
        }
}

void splat(std::vector<Lattice>& lattices, std::size_t start, int count, const float* block, std::vector<Quad>& row) {
    const int quads = static_cast<int>(row.size());
    for (int b = 0; b < count; ++b) {
        const float* own = block + b;
        for (Quad& quad : row) {
            quad = Quad{own[0], own[BLOCK_PIXELS], own[2 * BLOCK_PIXELS], own[3 * BLOCK_PIXELS]};
            own += 4 * BLOCK_PIXELS;
        }
        for (Lattice& lattice : lattices) {
            const Corner* corner = &lattice.corners[(start + b) * lattice.corner_count];
            for (int k = 0; k < lattice.corner_count; ++k, ++corner) {
                Quad* value = &lattice.values[static_cast<std::size_t>(corner->vertex) * quads];
                const float weight = corner->weight;
                for (int q = 0; q < quads; ++q) value[q] += weight * row[q];
            }
        }
    }
}

// Every step reads the messages of the step before, normalises, and splats what the next step reads, block by block:
// marginals are never stored but at the end.
void infer(const Problem& problem, std::vector<Lattice>& lattices) {
    const int channels = problem.energies * problem.labels, quads = (channels + 3) / 4;
    std::vector<Quad> block_quads(4 * quads * BLOCK);  // channels up to the next quad stay 0
    std::vector<Quad> row(quads);
    float* const block = reinterpret_cast<float*>(block_quads.data());
    for (Lattice& lattice : lattices) permutohedral::reset(lattice, quads);
    for (int step = 0; step <= problem.iterations; ++step) {
        if (step > 0) send_messages(lattices, quads);
        for (std::size_t start = 0; start < problem.pixels; start += BLOCK_PIXELS) {
            const int count = static_cast<int>(std::min<std::size_t>(BLOCK_PIXELS, problem.pixels - start));
            for (int c = 0; c < channels; ++c)
                std::transform(problem.unary + c * problem.pixels + start,
                               problem.unary + c * problem.pixels + start + count, block + c * BLOCK_PIXELS,
                               [](float energy) { return -energy; });
            if (step > 0) add_messages(lattices, start, count, quads, block);
            for (int e = 0; e < problem.energies; ++e)
                softmax(&block_quads[e * problem.labels * BLOCK], problem.labels);
            if (step < problem.iterations)
                splat(lattices, start, count, block, row);
            else
                for (int c = 0; c < channels; ++c)
                    std::copy_n(block + c * BLOCK_PIXELS, count, problem.result + c * problem.pixels + start);
        }
    }
}

// --- Python ----------------------------------------------------------------------------------------------------------

float* floats(const Py_buffer& buffer) { return static_cast<float*>(buffer.buf); }

// Owns the buffers of the arguments of one call.
struct Arguments {
    Py_buffer unary{}, gaussian{}, bilateral{}, result{};
    float gaussian_weight = 0, bilateral_weight = 0;
    Problem problem{};

    ~Arguments() {
        for (Py_buffer* buffer : {&unary, &gaussian, &bilateral, &result})
            if (buffer->obj) PyBuffer_Release(buffer);
    }

    bool parse(PyObject* values) {
        if (!PyArg_ParseTuple(values, "y*y*fy*fw*iii", &unary, &gaussian, &gaussian_weight, &bilateral,
                              &bilateral_weight, &result, &problem.energies, &problem.labels, &problem.iterations))
            return false;
        const Py_ssize_t pixels = gaussian.len / (2 * sizeof(float));
        const Py_ssize_t size = pixels * problem.energies * problem.labels * sizeof(float);
        if (problem.energies < 1 || problem.labels < 1 || gaussian.len != bilateral.len / 5 * 2 || unary.len != size ||
            result.len != size) {
            PyErr_SetString(PyExc_ValueError, "expected float32 buffers of one number of pixels");
            return false;
        }
        problem.unary = floats(unary);
        problem.result = floats(result);
        problem.pixels = pixels;
        return true;
    }

    void run() const {
        std::vector<Lattice> lattices;
        lattices.push_back(permutohedral::make_lattice<2>(floats(gaussian), problem.pixels, gaussian_weight));
        lattices.push_back(permutohedral::make_lattice<5>(floats(bilateral), problem.pixels, bilateral_weight));
        infer(problem, lattices);
    }
};

PyObject* python_infer(PyObject*, PyObject* values) {
    Arguments arguments;
    if (!arguments.parse(values)) return nullptr;
    std::string fault;
    PyObject* kind = nullptr;
    Py_BEGIN_ALLOW_THREADS;
    try {
        arguments.run();
    } catch (const std::logic_error& error) {
        kind = PyExc_ValueError;
        fault = error.what();
    } catch (const std::bad_alloc&) {
        kind = PyExc_MemoryError;
        fault = "no memory for the lattice of the image";
    }
    Py_END_ALLOW_THREADS;
    if (kind) {
        PyErr_SetString(kind, fault.c_str());
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyMethodDef METHODS[] = {
    {"infer", python_infer, METH_VARARGS,
     "infer(unary, gaussian, gaussian_weight, bilateral, bilateral_weight, result, energies, labels, iterations)"},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_mean_field", nullptr, -1, METHODS, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__mean_field() {
    PyObject* module = PyModule_Create(&MODULE);
    if (module && PyModule_AddStringConstant(module, "SOURCE", SOURCE) < 0) Py_CLEAR(module);
    return module;
}
