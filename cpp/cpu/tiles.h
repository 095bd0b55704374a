// A product that is made tile by tile: between two of them the job may end.
#pragma once

#include "cpu/kernels/table.h"
#include "cpu/pool.h"

namespace cutaway {

// Rows of the right operand that a tile has: of each, some 32 columns stay in the first cache,
// however far apart its rows lie. They are whole words of bytes.
constexpr std::int64_t kDeep = 128;

template <class Kernel, class A>
void store_tiles(const Team& team, const Kernel& kernel, const Product<A>& product,
                 const Store<typename A::Number>& store, std::int64_t deep = kDeep) {
  team.tiles(product.m, product.n, product.k, deep, [&](Range rows, Range columns, Range depth) {
    kernel(product.part(rows.begin, rows.end, columns.begin, columns.end)
               .slice(depth.begin, depth.end),
           Store<typename A::Number>{
               .out = store.out + rows.begin * store.out_row + columns.begin,
               .out_row = store.out_row,
               .resume = store.resume || depth.begin > 0,
           });
  });
}

}  // namespace cutaway
