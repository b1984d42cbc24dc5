// beast.cpp: the compiled half of Boost.Asio and Beast, once for both HTTP rooms, so that no other file pays for it.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
