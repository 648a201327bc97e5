// The permutohedral lattice (Adams, Baek, Davis, Eurographics 2010): Gaussian filtering of values at scattered points.
//
// Every pixel is splatted onto the d+1 corners of the simplex that holds its feature vector, the lattice is blurred
// along its d+1 axes, and the pixels read their corners again. A vertex carries any number of channels.

#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace permutohedral {

using Index = std::int32_t;
typedef float Quad __attribute__((vector_size(16)));  // four channels of a vertex or pixel

// --- vertices --------------------------------------------------------------------------------------------------------

// Coordinates of a vertex, the first d of d+1 (they sum to 0), one in each digit of a number: additions carry over.
using Key = unsigned __int128;
constexpr int DIGIT_BITS = 25;
constexpr float REACH = 1 << 20;  // largest coordinate: fits a digit, and float32 still resolves a sixteenth

inline Key digit(int value, int place) { return static_cast<Key>(value) << (DIGIT_BITS * place); }

// The key with the same value at each of d places.
inline Key all_digits(int value, int dimensions) {
    Key key = 0;
    for (int i = 0; i < dimensions; ++i) key += digit(value, i);
    return key;
}

// Hash table with open addressing from keys to vertex numbers 1, 2, ..; 0 stands for "no such vertex".
class VertexTable {
public:
    VertexTable() : keys_(1), slots_(1 << 12) {}

    std::size_t rows() const { return keys_.size(); }  // vertices and the row of "no such vertex"
    Key key(std::size_t vertex) const { return keys_[vertex]; }
    Index find(Key key) const { return slots_[slot(key)]; }

    Index insert(Key key) {
        Index& found = slots_[slot(key)];
        if (found) return found;
        const Index vertex = found = static_cast<Index>(keys_.size());
        keys_.push_back(key);
        if (2 * keys_.size() > slots_.size()) grow();
        return vertex;
    }

private:
    std::vector<Key> keys_;
    std::vector<Index> slots_;

    std::size_t slot(Key key) const {
        const std::uint64_t low = static_cast<std::uint64_t>(key), high = static_cast<std::uint64_t>(key >> 64);
        const std::uint64_t mixed = (low ^ (high * 0xC2B2AE3D27D4EB4Fu)) * 0x9E3779B97F4A7C15u;  // large odd numbers
        const std::size_t mask = slots_.size() - 1;
        std::size_t place = (mixed >> 32) & mask;
        while (slots_[place] && keys_[slots_[place]] != key) place = (place + 1) & mask;
        return place;
    }

    void grow() {
        slots_.assign(2 * slots_.size(), 0);
        for (std::size_t vertex = 1; vertex < keys_.size(); ++vertex)
            slots_[slot(keys_[vertex])] = static_cast<Index>(vertex);
    }
};

// --- lattice ---------------------------------------------------------------------------------------------------------

struct Corner {
    Index vertex;
    float weight;  // barycentric, and once the lattice is made times the pixel's normalisation
};

struct Lattice {
    int corner_count;  // d+1
    float scale;       // of what is read from the lattice: the gain of the blur and the kernel's weight
    std::size_t rows;
    std::vector<Corner> corners;                   // pixel after pixel
    std::vector<std::array<Index, 2>> neighbours;  // axis after axis, row after row
    std::vector<Quad> values, spare, message;      // row after row: being splatted, of the blur, last blurred
};

inline void reset(Lattice& lattice, int quads) {
    lattice.values.assign(lattice.rows * quads, Quad{});
    lattice.spare = lattice.message = lattice.values;
}

// Weights 1/2, 1, 1/2 along one axis after another; row 0 stays 0.
inline void blur(Lattice& lattice, int quads) {
    for (int axis = 0; axis < lattice.corner_count; ++axis) {
        const std::array<Index, 2>* neighbours = &lattice.neighbours[axis * lattice.rows];
        const Quad* in = lattice.values.data();
        Quad* out = lattice.spare.data();
        for (std::size_t row = 1; row < lattice.rows; ++row) {
            const Quad* left = in + static_cast<std::size_t>(neighbours[row][0]) * quads;
            const Quad* right = in + static_cast<std::size_t>(neighbours[row][1]) * quads;
            for (int q = 0; q < quads; ++q)
                out[row * quads + q] = in[row * quads + q] + 0.5f * (left[q] + right[q]);
        }
        std::swap(lattice.values, lattice.spare);
    }
}

// Finds the simplex around each feature vector (Adams et al., section 3.1).
template <int D>
class Embedding {
public:
    explicit Embedding(VertexTable& table) : table_(table) {
        const float deviation = static_cast<float>(std::sqrt(2.0 / 3.0) * COUNT);  // of the blur, in lattice units
        for (int i = 0; i < D; ++i)
            stretch_[i] = static_cast<float>(1.0 / std::sqrt((i + 2.0) * (i + 1.0)) * deviation);
    }

    // The D+1 corners, from the one with remainder 0 to that with remainder D.
    void locate(const float* feature, Corner* corners) {
        elevate(feature);
        round_to_remainder_zero();
        Key key = 0;
        for (int i = 0; i < D; ++i) key += digit(zero_[i], i);
        corners[0] = {vertex(key, 0), ordered_[D] + (1.0f - ordered_[0])};
        for (int k = 1; k < COUNT; ++k) {
            const int turning = coordinate_[COUNT - k];
            key += all_digits(1, D) - (turning < D ? digit(COUNT, turning) : 0);
            corners[k] = {vertex(key, k), ordered_[D - k] - ordered_[COUNT - k]};
        }
    }

private:
    static constexpr int COUNT = D + 1;
    VertexTable& table_;
    float stretch_[D];
    float elevated_[COUNT], ordered_[COUNT];             // position; its offsets from corner 0, descending
    int zero_[COUNT], rank_[COUNT], coordinate_[COUNT];  // corner 0; place of each coordinate's offset; the inverse
    Key last_keys_[COUNT] = {};
    Index last_vertices_[COUNT] = {};

    // Neighbouring pixels mostly share vertices. The key 0 of the start is a vertex as well, hence the second test.
    Index vertex(Key key, int k) {
        if (key != last_keys_[k] || !last_vertices_[k]) {
            last_keys_[k] = key;
            last_vertices_[k] = table_.insert(key);
        }
        return last_vertices_[k];
    }

    // Onto the hyperplane of vectors with sum 0.
    void elevate(const float* feature) {
        float sum = 0;
        for (int j = D; j > 0; --j) {
            const float stretched = feature[j - 1] * stretch_[j - 1];
            elevated_[j] = sum - j * stretched;
            sum += stretched;
        }
        elevated_[0] = sum;
        for (float value : elevated_)
            if (!(std::fabs(value) < REACH))
                throw std::out_of_range("a feature is too large for the lattice (or NaN): widen the kernels");
    }

    // To multiples of D+1, which may sum to something else than 0: then those with the largest error turn.
    void round_to_remainder_zero() {
        int excess = 0;
        for (int i = 0; i < COUNT; ++i) {
            const int nearest = static_cast<int>(std::lrint(elevated_[i] * (1.0f / COUNT)));
            excess += nearest;
            zero_[i] = nearest * COUNT;
            rank_[i] = 0;
        }
        for (int i = 0; i < D; ++i)
            for (int j = i + 1; j < COUNT; ++j) {
                const int smaller = elevated_[i] - zero_[i] < elevated_[j] - zero_[j];
                rank_[i] += smaller;
                rank_[j] += 1 - smaller;
            }
        for (int i = 0; i < COUNT; ++i) {
            rank_[i] += excess;
            const int turn = rank_[i] < 0 ? COUNT : rank_[i] > D ? -COUNT : 0;
            rank_[i] += turn;
            zero_[i] += turn;
            ordered_[rank_[i]] = (elevated_[i] - zero_[i]) * (1.0f / COUNT);
            coordinate_[rank_[i]] = i;
        }
    }
};

inline void connect(Lattice& lattice, const VertexTable& table) {
    const int dimensions = lattice.corner_count - 1;
    lattice.neighbours.resize(lattice.corner_count * lattice.rows);
    for (int axis = 0; axis <= dimensions; ++axis) {
        const Key step = (axis < dimensions ? digit(lattice.corner_count, axis) : 0) - all_digits(1, dimensions);
        for (std::size_t row = 1; row < lattice.rows; ++row)
            lattice.neighbours[axis * lattice.rows + row] = {table.find(table.key(row) + step),
                                                             table.find(table.key(row) - step)};
    }
}

// Symmetric: filtering N^-1/2 K N^-1/2 with N the filtered ones (Krähenbühl & Koltun, the normalised kernel).
inline void normalise(Lattice& lattice, std::size_t pixels) {
    reset(lattice, 1);
    for (const Corner& corner : lattice.corners) lattice.values[corner.vertex][0] += corner.weight;
    blur(lattice, 1);
    for (std::size_t n = 0; n < pixels; ++n) {
        Corner* corners = &lattice.corners[n * lattice.corner_count];
        float sum = 0;
        for (int k = 0; k < lattice.corner_count; ++k)
            sum += corners[k].weight * lattice.values[corners[k].vertex][0];
        const float norm = 1.0f / std::sqrt(sum * lattice.scale + 1e-20f);
        for (int k = 0; k < lattice.corner_count; ++k) corners[k].weight *= norm;
    }
}

// `features` (pixels, D): a kernel exp(-|f_i - f_j|^2 / 2) times `weight`.
template <int D>
Lattice make_lattice(const float* features, std::size_t pixels, float weight) {
    if (pixels > std::numeric_limits<Index>::max() / (D + 1)) throw std::length_error("the image has too many pixels");
    Lattice lattice;
    lattice.corner_count = D + 1;
    lattice.scale = 1.0f / (1.0f + std::ldexp(1.0f, -D));
    lattice.corners.resize(pixels * lattice.corner_count);
    VertexTable table;
    Embedding<D> embedding(table);
    for (std::size_t n = 0; n < pixels; ++n) embedding.locate(features + n * D, &lattice.corners[n * (D + 1)]);
    if (pixels % 4) {
        // The published results come from pydensecrf, which fills the pixels up to a multiple of four with vectors
        // of zeros. They add nothing, but the vertices around the origin then exist and pass on what the blur brings.
        const float origin[D] = {};
        Corner unused[D + 1];
        embedding.locate(origin, unused);
    }
    lattice.rows = table.rows();
    connect(lattice, table);
    normalise(lattice, pixels);
    lattice.scale *= weight;
    return lattice;
}

}  // namespace permutohedral
