// K-means of vectors by their cosine, from given clusters: products, maxima and the sums of the next centres in one
// pass over the pixels, which leaves out the centres that cannot be the nearest.
//
// Centres stand in panels of eight. For each pixel and panel a bound is kept, above which no cosine with a centre of
// the panel can lie: the largest when the two were last compared, and the way that the panel's centres have gone since
// (Ding et al., Yinyang k-means, ICML 2015; here |x c' - x c| <= |x| |c' - c|). A pixel is compared with the panel of
// its own centre, and with those whose bound is not below the best found. All roundings are within the bounds, so
// pixels go where comparing everything would send them, the first of equals included.
//
// Sums are added in the order of the pixels, so results do not depend on the number of threads.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <exception>
#include <limits>
#include <new>
#include <thread>
#include <vector>

namespace {

// Inlined into functions that are compiled for other processors, where the same source becomes other instructions.
#define INLINE inline __attribute__((always_inline))

constexpr int LANES = 8;    // centres of a panel
constexpr int BLOCK = 512;  // pixels that are worked on together: their vectors stay in the cache
typedef float Lanes __attribute__((vector_size(4 * LANES)));
struct alignas(4 * LANES) Panel {  // one channel of the centres of a panel; a bare vector would lose its alignment
    Lanes lanes;
};

constexpr float INFINITE = std::numeric_limits<float>::infinity();
constexpr float SMALLEST_NORM = 1e-12f;  // a shorter sum is divided by this
constexpr float LONGEST = 1e15f;         // of the vectors; NaN and what could overflow are longer

struct Problem {
    const float* vectors;  // (pixels, channels)
    std::int64_t* result;  // (pixels,), before the first iteration the clusters from which to start
    std::size_t pixels;
    int channels, clusters, iterations, threads;

    std::size_t blocks() const { return (pixels + BLOCK - 1) / BLOCK; }
    int panels() const { return (clusters + LANES - 1) / LANES; }
};

double length(const float* vector, int channels) {
    double sum = 0;
    for (int d = 0; d < channels; ++d) sum += static_cast<double>(vector[d]) * vector[d];
    return std::sqrt(sum);
}

// --- centres ---------------------------------------------------------------------------------------------------------

struct Centres {
    std::vector<float> vectors;  // (clusters, channels) of length 1, or 0 for a cluster without pixels
    std::vector<Panel> panels;   // (panels, channels), the same
    std::vector<Panel> start;    // (panels,): 0; -infinity where a panel has no centre, which then is never nearest
    std::vector<float> growth;   // (panels,): what cosines with its centres may have grown by since the last centres

    explicit Centres(const Problem& problem)
        : vectors(static_cast<std::size_t>(problem.clusters) * problem.channels),
          panels(static_cast<std::size_t>(problem.panels()) * problem.channels),
          start(problem.panels()),
          growth(problem.panels()) {
        for (int n = problem.clusters; n < problem.panels() * LANES; ++n) start[n / LANES].lanes[n % LANES] = -INFINITE;
    }
};

// The directions of the sums (clusters, channels). `longest` is the length of the longest pixel.
void move_centres(const Problem& problem, const std::vector<float>& sums, double longest, Centres& centres) {
    const int channels = problem.channels;
    // A product's rounding is at most channels / 2^24 of the lengths; it counts twice, and the bounds are rounded too.
    const double rounding = (channels + 8) * std::ldexp(longest, -22);
    std::fill(centres.growth.begin(), centres.growth.end(), 0.0f);
    for (int n = 0; n < problem.clusters; ++n) {
        const float* sum = &sums[static_cast<std::size_t>(n) * channels];
        float* centre = &centres.vectors[static_cast<std::size_t>(n) * channels];
        const float norm = std::max(static_cast<float>(length(sum, channels)), SMALLEST_NORM);
        double way = 0;
        for (int d = 0; d < channels; ++d) {
            const float value = sum[d] / norm;
            way += (static_cast<double>(value) - centre[d]) * (static_cast<double>(value) - centre[d]);
            centre[d] = value;
            centres.panels[static_cast<std::size_t>(n / LANES) * channels + d].lanes[n % LANES] = value;
        }
        float& growth = centres.growth[n / LANES];
        growth = std::max(growth, static_cast<float>(std::sqrt(way) * longest + rounding));
    }
}

// --- pixels ----------------------------------------------------------------------------------------------------------

struct State {
    std::vector<std::int32_t> cluster;  // (pixels,)
    std::vector<float> bounds;          // (blocks, panels, BLOCK)
    std::vector<float> sums;            // (clusters, channels) of the pixels' vectors

    explicit State(const Problem& problem)
        : cluster(problem.result, problem.result + problem.pixels),
          bounds(problem.blocks() * problem.panels() * BLOCK, INFINITE),
          sums(static_cast<std::size_t>(problem.clusters) * problem.channels) {}
};

// Adds the pixels from `first` to `last` to the sums of their clusters, if these are among `from` to `to`.
void add_pixels(const Problem& problem, State& state, std::size_t first, std::size_t last, int from, int to) {
    for (std::size_t p = first; p < last; ++p) {
        const int cluster = state.cluster[p];
        if (cluster < from || cluster >= to) continue;
        const float* __restrict vector = problem.vectors + p * problem.channels;
        float* __restrict sum = &state.sums[static_cast<std::size_t>(cluster) * problem.channels];
        for (int d = 0; d < problem.channels; ++d) sum[d] += vector[d];
    }
}

// What is known of the pixels of a block in this iteration.
struct Block {
    int count;
    const float* vectors[BLOCK];
    float best[BLOCK];            // largest cosine found
    std::int32_t nearest[BLOCK];  // and its centre
    std::int32_t own[BLOCK];      // panel of the centre before
    float* bounds;                // (panels, BLOCK)
};

// Compares the listed pixels with the centres of a panel. The list is filled up to whole tiles of ROWS pixels.
template <int ROWS>
INLINE void compare(const Problem& problem, const Centres& centres, Block& block, int g, std::int32_t* list,
                    int count) {
    const Panel* panel = &centres.panels[static_cast<std::size_t>(g) * problem.channels];
    float* bounds = block.bounds + static_cast<std::size_t>(g) * BLOCK;
    std::fill(list + count, list + count + ROWS, list[count - 1]);
    for (int i = 0; i < count; i += ROWS) {
        const float* rows[ROWS];
        Lanes cosines[ROWS];
        for (int r = 0; r < ROWS; ++r) rows[r] = block.vectors[list[i + r]];
        for (int r = 0; r < ROWS; ++r) cosines[r] = centres.start[g].lanes;
        for (int d = 0; d < problem.channels; ++d) {
            const Lanes centre = panel[d].lanes;
            for (int r = 0; r < ROWS; ++r) cosines[r] += rows[r][d] * centre;
        }
        for (int r = 0; r < ROWS; ++r) {
            const int p = list[i + r];
            float lanes[LANES];
            for (int n = 0; n < LANES; ++n) lanes[n] = cosines[r][n];
            const float left = std::max(std::max(lanes[0], lanes[1]), std::max(lanes[2], lanes[3]));
            const float right = std::max(std::max(lanes[4], lanes[5]), std::max(lanes[6], lanes[7]));
            const float top = bounds[p] = std::max(left, right);
            if (top > block.best[p] || (top == block.best[p] && g * LANES < block.nearest[p])) {
                block.best[p] = top;
                int first = LANES - 1;
                for (int n = LANES - 2; n >= 0; --n) first = lanes[n] == top ? n : first;
                block.nearest[p] = g * LANES + first;
            }
        }
    }
}

// Every pixel with the panel of its own centre: most often the nearest is there still, and few others are in doubt.
template <int ROWS>
INLINE void compare_own(const Problem& problem, const Centres& centres, Block& block) {
    std::int32_t left[BLOCK], list[BLOCK + ROWS];
    int count = block.count;
    for (int p = 0; p < count; ++p) left[p] = p;
    while (count > 0) {
        const int g = block.own[left[0]];
        int listed = 0, kept = 0;
        for (int i = 0; i < count; ++i) {
            const std::int32_t p = left[i];
            const bool here = block.own[p] == g;
            list[listed] = left[kept] = p;
            listed += here;
            kept += !here;
        }
        count = kept;
        compare<ROWS>(problem, centres, block, g, list, listed);
    }
}

// Every pixel with the other panels that are in doubt.
template <int ROWS>
INLINE void compare_others(const Problem& problem, const Centres& centres, Block& block) {
    std::int32_t doubtful[BLOCK], list[BLOCK + ROWS];
    for (int g = 0; g < problem.panels(); ++g) {
        float* bounds = block.bounds + static_cast<std::size_t>(g) * BLOCK;
        const float growth = centres.growth[g];
        for (int p = 0; p < block.count; ++p) {
            const bool other = block.own[p] != g;
            bounds[p] += other ? growth : 0.0f;
            doubtful[p] = other & (bounds[p] >= block.best[p]);
        }
        int listed = 0;
        for (int p = 0; p < block.count; ++p) {
            list[listed] = p;
            listed += doubtful[p];
        }
        if (listed > 0) compare<ROWS>(problem, centres, block, g, list, listed);
    }
}

// Moves the pixels of block b to their nearest centres; whether any moved.
template <int ROWS>
INLINE bool assign(const Problem& problem, const Centres& centres, State& state, std::size_t b) {
    const std::size_t first = b * BLOCK;
    std::int32_t* cluster = &state.cluster[first];
    Block block;
    block.count = static_cast<int>(std::min<std::size_t>(BLOCK, problem.pixels - first));
    block.bounds = &state.bounds[first * problem.panels()];
    for (int p = 0; p < block.count; ++p) {
        block.vectors[p] = problem.vectors + (first + p) * problem.channels;
        block.best[p] = -INFINITE;
        block.nearest[p] = cluster[p];
        block.own[p] = cluster[p] / LANES;
    }
    compare_own<ROWS>(problem, centres, block);
    compare_others<ROWS>(problem, centres, block);
    const bool moved = !std::equal(block.nearest, block.nearest + block.count, cluster);
    std::copy_n(block.nearest, block.count, cluster);
    return moved;
}

// --- processors ------------------------------------------------------------------------------------------------------

// As many rows as there are registers for their sums.
bool assign_anywhere(const Problem& problem, const Centres& centres, State& state, std::size_t b) {
    return assign<4>(problem, centres, state, b);
}

using Assign = decltype(&assign_anywhere);

Assign anywhere() { return assign_anywhere; }

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) bool assign_avx2(const Problem& problem, const Centres& centres, State& state,
                                                     std::size_t b) {
    return assign<8>(problem, centres, state, b);
}

Assign assign_here() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? assign_avx2 : assign_anywhere;
}
#else
Assign assign_here() { return anywhere(); }
#endif

// --- iterations ------------------------------------------------------------------------------------------------------

// task(t) for t = 0, 1, .. threads - 1, side by side; in this thread where the system gives no other.
template <typename Task>
void in_threads(int threads, Task task) {
    std::vector<std::thread> others;
    others.reserve(threads);
    for (int t = 1; t < threads; ++t) {
        try {
            others.emplace_back(task, t);
        } catch (const std::exception&) {
            task(t);
        }
    }
    task(0);
    for (std::thread& other : others) other.join();
}

// Sums of all pixels, each thread those of its clusters.
void add_all(const Problem& problem, State& state) {
    in_threads(problem.threads, [&](int t) {
        const std::int64_t from = std::int64_t{t} * problem.clusters / problem.threads;
        const std::int64_t to = std::int64_t{t + 1} * problem.clusters / problem.threads;
        add_pixels(problem, state, 0, problem.pixels, static_cast<int>(from), static_cast<int>(to));
    });
}

// One iteration; whether any pixel moved. A single thread adds up the vectors while they are in the cache.
bool iterate(const Problem& problem, const Centres& centres, State& state, Assign assign_block) {
    std::atomic<std::size_t> next{0};
    std::atomic<bool> moved{false};
    const bool alone = problem.threads == 1;
    std::fill(state.sums.begin(), state.sums.end(), 0.0f);
    in_threads(problem.threads, [&](int) {
        for (std::size_t b; (b = next++) < problem.blocks();) {
            if (assign_block(problem, centres, state, b)) moved = true;
            const std::size_t last = std::min<std::size_t>((b + 1) * BLOCK, problem.pixels);
            if (alone) add_pixels(problem, state, b * BLOCK, last, 0, problem.clusters);
        }
    });
    if (!alone) add_all(problem, state);
    return moved;
}

// Whether all vectors were finite and none absurdly long; if not, the result is as it was.
bool cluster(const Problem& problem, Assign assign_block) {
    double longest = 0;
    for (std::size_t p = 0; p < problem.pixels; ++p) {
        const double found = length(problem.vectors + p * problem.channels, problem.channels);
        if (!(found <= LONGEST)) return false;
        longest = std::max(longest, found);
    }
    State state(problem);
    Centres centres(problem);
    add_all(problem, state);
    for (int i = 0; i < problem.iterations; ++i) {
        move_centres(problem, state.sums, longest, centres);
        if (!iterate(problem, centres, state, assign_block)) break;
    }
    std::copy(state.cluster.begin(), state.cluster.end(), problem.result);
    return true;
}

// --- Python ----------------------------------------------------------------------------------------------------------

// Owns the buffers of the arguments of one call.
struct Arguments {
    Py_buffer vectors{}, result{};
    Problem problem{};

    ~Arguments() {
        for (Py_buffer* buffer : {&vectors, &result})
            if (buffer->obj) PyBuffer_Release(buffer);
    }

    bool parse(PyObject* values) {
        if (!PyArg_ParseTuple(values, "y*w*iiii", &vectors, &result, &problem.channels, &problem.clusters,
                              &problem.iterations, &problem.threads))
            return false;
        problem.vectors = static_cast<const float*>(vectors.buf);
        problem.result = static_cast<std::int64_t*>(result.buf);
        problem.pixels = result.len / sizeof(std::int64_t);
        const Py_ssize_t size = static_cast<Py_ssize_t>(problem.pixels * sizeof(float)) * problem.channels;
        if (problem.channels < 1 || problem.clusters < 1 || problem.threads < 1 || vectors.len != size ||
            result.len % sizeof(std::int64_t)) {
            PyErr_SetString(PyExc_ValueError, "expected float32 vectors and int64 clusters of one number of pixels");
            return false;
        }
        for (std::size_t p = 0; p < problem.pixels; ++p)
            if (problem.result[p] < 0 || problem.result[p] >= problem.clusters) {
                PyErr_Format(PyExc_ValueError, "expected clusters 0..%d, found %lld at pixel %zd", problem.clusters - 1,
                             static_cast<long long>(problem.result[p]), static_cast<Py_ssize_t>(p));
                return false;
            }
        const int most = static_cast<int>(std::min<std::size_t>(problem.blocks(), problem.threads));
        problem.threads = std::max(most, 1);
        return true;
    }
};

template <Assign choose()>
PyObject* python_cluster(PyObject*, PyObject* values) {
    Arguments arguments;
    if (!arguments.parse(values)) return nullptr;
    bool finite = false, memory = true;
    Py_BEGIN_ALLOW_THREADS;
    try {
        finite = cluster(arguments.problem, choose());
    } catch (const std::bad_alloc&) {
        memory = false;
    }
    Py_END_ALLOW_THREADS;
    return memory ? PyBool_FromLong(finite) : PyErr_NoMemory();
}

PyMethodDef METHODS[] = {
    {"cluster", python_cluster<assign_here>, METH_VARARGS,
     "cluster(vectors, result, channels, clusters, iterations, threads): false where a vector is not finite"},
    {"cluster_anywhere", python_cluster<anywhere>, METH_VARARGS,
     "The same in instructions that every processor has, for the tests."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_spherical_kmeans", nullptr, -1, METHODS,
                      nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__spherical_kmeans() {
    PyObject* module = PyModule_Create(&MODULE);
    if (module && PyModule_AddStringConstant(module, "SOURCE", SOURCE) < 0) Py_CLEAR(module);
    return module;
}
