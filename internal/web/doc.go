// Package web answers over HTTP: Public is the pages that customers reach from
// a letter, Admin what the people and programs of the business's own machine
// look at. It knows no database: what a page shows and does is behind the small
// interfaces declared here.
//
// What every public page keeps to:
//
//   - GET, HEAD and OPTIONS change nothing, whatever the address: programs that
//     look through mail open every link in it. Only a POST is somebody's wish.
//   - A page says that something is done only after it is.
//   - A link that is wrong in any way gets the page that any unknown address
//     gets, byte for byte, so that nobody learns who is a customer.
//   - There are no cookies, no scripts, and nothing that comes from elsewhere.
package web
