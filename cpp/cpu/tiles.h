// A product that is made tile by tile: between two of them the job may end.
#pragma once

#include "cpu/kernels/table.h"
#include "cpu/pool.h"

namespace cutaway {

template <class Kernel, class A>
void store_tiles(const Team& team, const Kernel& kernel, const Product<A>& product,
                 const Store<typename A::Number>& store) {
  team.tiles(product.m, product.n, product.k, [&](Range rows, Range columns) {
    kernel(product.part(rows.begin, rows.end, columns.begin, columns.end),
           Store<typename A::Number>{
               .out = store.out + rows.begin * store.out_row + columns.begin,
               .out_row = store.out_row,
               .resume = store.resume,
           });
  });
}

}  // namespace cutaway
